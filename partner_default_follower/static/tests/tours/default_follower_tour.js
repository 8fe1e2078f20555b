import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_utils";

function choose(name) {
    const field = ".o_field_widget[name=contact_follow_partner_ids]";
    return [
        {
            // a list of proposals closes, and forgets what was typed, when the page
            // scrolls: scroll first, and let the event pass
            content: "Bring the people into view",
            trigger: field,
            async run({anchor}) {
                anchor.scrollIntoView({block: "center"});
                for (let frame = 0; frame < 3; frame++) {
                    await new Promise((resolve) => requestAnimationFrame(resolve));
                }
            },
        },
        {
            content: "Open the choice of people",
            trigger: `${field} input`,
            run: "click",
        },
        {
            content: "People are proposed",
            trigger: ".o-autocomplete--dropdown-item",
        },
        {
            content: `Look for ${name}`,
            trigger: `${field} input`,
            run: `edit ${name}`,
        },
        {
            content: `Choose ${name}`,
            trigger: `.o-autocomplete--dropdown-item:not(.o_m2o_dropdown_option):contains("${name}")`,
            run: "click",
        },
        {
            content: `${name} is chosen`,
            trigger: `${field} .o_tag:contains("${name}")`,
        },
    ];
}

function createContact(name) {
    return [
        ...stepUtils.goToAppSteps("contacts.menu_contacts", "Open Contacts"),
        {
            content: "Create a contact",
            trigger: ".o_list_button_add",
            run: "click",
        },
        {
            content: "Give it a name",
            // an input or a text area, depending on the addons
            trigger: [
                ".o_form_view .o_field_widget[name=name] input:visible",
                ".o_form_view .o_field_widget[name=name] textarea:visible",
            ].join(", "),
            run: `edit ${name}`,
        },
        ...stepUtils.saveForm(),
        {
            content: "Wait for the saved contact",
            trigger: `.o_last_breadcrumb_item:contains("${name}")`,
        },
        {
            content: "Open the list of its followers",
            trigger: ".o-mail-Followers-button",
            run: "click",
        },
    ];
}

registry.category("web_tour.tours").add("partner_default_follower", {
    url: "/odoo/settings?debug=1",
    steps: () => [
        ...choose("Inés Núñez"),
        ...choose("Zoé Œuvrard"),
        {
            content: "She is no employee: the page says so",
            trigger: ".modal:contains('Zoé Œuvrard') .modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "Save the settings",
            trigger: ".o_form_button_save",
            run: "click",
            expectUnloadPage: true,
        },
        {
            content: "The saved settings show both",
            trigger:
                ".o_field_widget[name=contact_follow_partner_ids]:has(.o_tag:contains('Inés Núñez')):has(.o_tag:contains('Zoé Œuvrard'))",
        },
        ...createContact("Œuvre & Cie"),
        {
            content: "Both follow the new contact",
            trigger:
                ".o-mail-Followers-dropdown:has(.o-mail-Follower:contains('Inés Núñez')):has(.o-mail-Follower:contains('Zoé Œuvrard'))",
        },
        ...stepUtils.goToAppSteps("base.menu_administration", "Open the settings"),
        {
            content: "Open the technical menu",
            trigger: "button[data-menu-xmlid='base.menu_custom']",
            run: "click",
        },
        {
            content: "Open the automation rules",
            trigger: "a[data-menu-xmlid='base_automation.menu_base_automation_form']",
            run: "click",
        },
        {
            content: "Open the rule of default followers",
            trigger: ".o_kanban_record:contains(Tour rule)",
            run: "click",
        },
        {
            content: "Open the menu of actions",
            trigger: ".o_form_view .o_cp_action_menus .dropdown-toggle",
            run: "click",
        },
        {
            content: "Archive the rule",
            trigger: ".o-dropdown-item .oi-archive",
            run: "click",
        },
        {
            content: "Confirm",
            trigger: ".modal-footer .btn-primary",
            run: "click",
        },
        {
            content: "The rule is off",
            trigger: ".o_form_view .ribbon",
        },
        ...createContact("Brasserie Ünal"),
        {
            content: "Nobody but the creator follows",
            trigger:
                ".o-mail-Followers-dropdown:not(:has(.o-mail-Follower:contains('Inés Núñez'))):not(:has(.o-mail-Follower:contains('Zoé Œuvrard')))",
        },
    ],
});
