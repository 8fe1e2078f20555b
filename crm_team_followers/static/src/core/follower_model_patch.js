import {patch} from "@web/core/utils/patch";
import {_t} from "@web/core/l10n/translation";
import {Follower} from "@mail/core/common/follower_model";

patch(Follower.prototype, {
    setup() {
        super.setup(...arguments);
        /** @type {string|undefined} name of the sales team that added this follower */
        this.crm_team_name = undefined;
    },
    get crmTeamTitle() {
        return _t("Follows because of the sales team %(team)s", {
            team: this.crm_team_name,
        });
    },
});
