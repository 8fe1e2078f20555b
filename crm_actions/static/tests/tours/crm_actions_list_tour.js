import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_utils";

const LEAD = "Demande de prix — Œuvre d’été";

/** Fill the row that is being edited; Tab in its last cell opens the next one. */
function fillRow(summary, date) {
    return [
        {
            content: "what is to be done",
            trigger:
                ".o_data_row:last-child.o_selected_row .o_field_widget[name=summary] input",
            run: `edit ${summary}`,
        },
        {
            content: "open the date",
            trigger:
                ".o_selected_row .o_field_widget[name=date_deadline] :is(button, input)",
            run: "click",
        },
        {
            content: "when",
            trigger: ".o_selected_row .o_field_widget[name=date_deadline] input",
            run: `edit ${date} && press Tab`,
        },
    ];
}

registry.category("web_tour.tours").add("crm_actions_list", {
    url: "/odoo",
    steps: () => [
        ...stepUtils.goToAppSteps("crm.crm_menu_root"),
        {
            content: "open the opportunity that the e-mail made",
            trigger: `.o_kanban_record:contains(${LEAD})`,
            run: "click",
        },
        {
            content: "the box is empty",
            trigger: ".o_form_view button[name=action_view_actions]:contains(0)",
            run: "click",
        },
        {
            content: "nothing planned yet",
            trigger: ".o_nocontent_help:contains(What comes next)",
        },
        {trigger: ".o_list_button_add", run: "click"},
        ...fillRow("Call about the plan", "-1d"),
        {
            content: "the first one is the current one, and a new row is open",
            trigger: ".o_data_row:contains(Call about the plan):contains(Current)",
        },
        ...fillRow("Send the offer", "today"),
        {
            content: "the second one waits",
            trigger: ".o_data_row:contains(Send the offer):contains(Waiting)",
        },
        ...fillRow("Ask for the decision", "+3d"),
        {
            trigger:
                ".o_data_row:not(.o_selected_row):contains(Ask for the decision):contains(Waiting)",
        },
        {
            content: "that is all",
            trigger: ".o_list_button_discard",
            run: "click",
        },
        {trigger: ".o_list_view:not(:has(.o_selected_row))"},
        {
            content: "back to the opportunity",
            trigger: `.o_breadcrumb .o_back_button:contains(${LEAD}), .breadcrumb-item:contains(${LEAD})`,
            run: "click",
        },
        {
            content: "the current action is late",
            trigger:
                ".o_crm_actions_line:contains(Call about the plan):contains(Yesterday)",
        },
        {
            trigger: "button[name=action_view_actions] .text-danger:contains(3)",
        },
        {
            content: "done in the chatter",
            trigger:
                ".o-mail-Activity:contains(Call about the plan) .o-mail-Activity-markDone",
            run: "click",
        },
        {
            trigger: ".o-mail-ActivityMarkAsDone textarea",
            run: "edit He builds in spring",
        },
        {trigger: ".o-mail-ActivityMarkAsDone button[aria-label=Done]", run: "click"},
        {
            content: "the second appears on the form by itself",
            trigger: ".o_crm_actions_line:contains(Send the offer):contains(Today)",
        },
        {
            content: "and in the chatter",
            trigger: ".o-mail-Activity:contains(Send the offer)",
        },
        {
            trigger:
                "button[name=action_view_actions] [name=action_done_count]:contains(1)",
        },
        {
            content: "the clock in the menu bar",
            trigger: ".o_menu_systray button:has(i[aria-label=Activities])",
            run: "click",
        },
        {
            trigger: ".o-mail-ActivityMenu span:contains(View all activities)",
            run: "click",
        },
        {
            trigger: ".o_data_row:contains(Send the offer) button[name=action_done]",
            run: "click",
        },
        {
            content: "done; the third is not due yet",
            trigger: ".o_list_view:not(:contains(Send the offer))",
        },
        ...stepUtils.goToAppSteps("crm.crm_menu_root"),
        {trigger: "[data-menu-xmlid='crm.crm_menu_sales']", run: "click"},
        {trigger: "[data-menu-xmlid='crm_actions.crm_action_menu']", run: "click"},
        {
            content: "the third is the current one",
            trigger: `.o_data_row:contains(Ask for the decision):contains(${LEAD})`,
        },
    ],
});
