import {registry} from "@web/core/registry";

const line = ".o_field_widget[name=default_follower_ids] .o_selected_row";

function pick(field, text) {
    return [
        {
            trigger: `${line} .o_field_widget[name=${field}] input`,
            run: `edit ${text}`,
        },
        {
            trigger: `.o-autocomplete--dropdown-item:contains(${text}) > a`,
            run: "click",
        },
    ];
}

registry.category("web_tour.tours").add("crm_team_followers_manager", {
    steps: () => [
        {
            content: "Open the menu of the team's card",
            trigger: ".o_kanban_record:contains(Namur)",
            run: "hover && click .o_kanban_record:contains(Namur) .o_dropdown_kanban .dropdown-toggle",
        },
        {
            content: "The path of the manual: the list is one click away",
            trigger: "a[name=action_open_default_followers]",
            run: "click",
        },
        {
            trigger:
                ".o_field_widget[name=default_follower_ids] .o_field_x2many_list_row_add a",
            run: "click",
        },
        ...pick("partner_id", "Ève Tour"),
        {
            content: "Discussions are there by default",
            trigger: `${line} .o_tag:contains(Discussions)`,
        },
        ...pick("subtype_ids", "Stage Changed"),
        {
            trigger: `${line} .o_tag:contains(Stage Changed)`,
        },
        {
            trigger: ".o_form_button_save",
            run: "click",
        },
        {
            content: "The open opportunities are asked about",
            trigger: ".o_form_saved .alert:contains(2 of 2 open opportunities)",
        },
        {
            trigger: "button[name=action_apply_default_followers]",
            run: "click",
        },
        {
            trigger: ".o_notification:contains(2 open opportunities are up to date)",
        },
        {
            content: "Nothing is left to apply",
            trigger:
                ".o_form_view:not(:has(button[name=action_apply_default_followers]))",
        },
    ],
});

registry.category("web_tour.tours").add("crm_team_followers_person", {
    url: "/odoo",
    steps: () => [
        {
            trigger: ".o_user_menu button",
            run: "click",
        },
        {
            trigger: "[data-menu=preferences]",
            run: "click",
        },
        {
            trigger: "button:contains(Choose What I Receive)",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains(Namur) .o_data_cell[name=subtype_ids]",
            run: "click",
        },
        {
            trigger: ".o_selected_row .o_tag:contains(Stage Changed) .o_delete",
            run: "hover && click .o_selected_row .o_tag:contains(Stage Changed) .o_delete",
        },
        {
            trigger: ".o_list_button_save",
            run: "click",
        },
        {
            trigger:
                ".o_data_row:contains(Namur):not(.o_selected_row):not(:contains(Stage Changed))",
        },
    ],
});
