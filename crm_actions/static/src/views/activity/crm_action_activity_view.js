import {ActivityListPopover} from "@mail/core/web/activity_list_popover";
import {ActivityCell} from "@mail/views/web/activity/activity_cell";
import {ActivityController} from "@mail/views/web/activity/activity_controller";
import {ActivityRenderer} from "@mail/views/web/activity/activity_renderer";
import {activityView} from "@mail/views/web/activity/activity_view";
import {usePopover} from "@web/core/popover/popover_hook";
import {registry} from "@web/core/registry";

/** Without "Schedule an activity": what is planned here is an action. */
class CrmActionListPopover extends ActivityListPopover {
    static template = "crm_actions.ActivityListPopover";
}

class CrmActionCell extends ActivityCell {
    setup() {
        super.setup();
        this.popover = usePopover(CrmActionListPopover, {position: "bottom-start"});
    }
}

class CrmActionActivityRenderer extends ActivityRenderer {
    static components = {...ActivityRenderer.components, ActivityCell: CrmActionCell};
}

/** Odoo's activity view, which adds actions to lists instead of activities. */
class CrmActionActivityController extends ActivityController {
    /** @override */
    scheduleActivity() {
        this.openNewAction({});
    }

    /** @override */
    openActivityFormView(resId, activityTypeId) {
        const record = this.model.root.records.find((r) => r.resId === resId);
        this.openNewAction({
            default_lead_id: record.data.lead_id.id,
            default_activity_type_id: activityTypeId,
        });
    }

    openNewAction(context) {
        this.action.doAction(
            {
                type: "ir.actions.act_window",
                res_model: this.props.resModel,
                views: [[false, "form"]],
                target: "new",
                context,
            },
            {onClose: () => this.model.load(this.getSearchProps())}
        );
    }
}

registry.category("views").add("crm_action_activity", {
    ...activityView,
    Controller: CrmActionActivityController,
    Renderer: CrmActionActivityRenderer,
});
