import {Component, xml} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardFieldProps} from "@web/views/fields/standard_field_props";

/** The FontAwesome icon whose name is the value of the field. */
export class CrmActionIconField extends Component {
    static template = xml`<i class="fa fa-fw" t-att-class="icon" role="img" aria-hidden="true"/>`;
    static props = {...standardFieldProps};

    get icon() {
        return this.props.record.data[this.props.name] || "fa-tasks";
    }
}

registry.category("fields").add("crm_action_icon", {
    component: CrmActionIconField,
    displayName: _t("Action Icon"),
    supportedTypes: ["char"],
});
