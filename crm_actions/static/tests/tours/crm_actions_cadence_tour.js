import {registry} from "@web/core/registry";
import {stepUtils} from "@web_tour/tour_utils";

const LEAD = "Demande de prix — Œuvre d’été";

/** Add the step that comes at place `number` of the plan. */
function addStep(number, summary) {
    return [
        {
            content: "another step",
            trigger:
                ".o_field_widget[name=template_ids] .o_field_x2many_list_row_add a",
            run: "click",
        },
        {
            content: `step ${summary}`,
            trigger: `.o_field_widget[name=template_ids] .o_data_row:nth-child(${number}).o_selected_row [name=summary] input`,
            run: `edit ${summary}`,
        },
    ];
}

/** Add the outcome that comes at place `number` in the dialog. */
function addOutcome(number, name, kind) {
    const row = `.modal .o_data_row:nth-child(${number}).o_selected_row`;
    return [
        {
            trigger: ".modal .o_field_x2many_list_row_add a",
            run: "click",
        },
        {
            content: `outcome ${name}`,
            trigger: `${row} [name=name] input`,
            run: `edit ${name}`,
        },
        {
            content: "and what follows",
            trigger: `${row} [name=next_kind] input`,
            run: "click",
        },
        {
            trigger: `.o_select_menu_item:contains(${kind})`,
            run: "click",
        },
        {
            trigger: `${row} [name=next_kind] input:value(${kind})`,
        },
    ];
}

/** Finish the current action, which is `summary`, from the line with an outcome. */
function finish(summary, outcome) {
    return [
        {
            content: `${summary} is the current one`,
            trigger: `.o_crm_actions_line:contains(${summary}) button[name=action_done_next_action]`,
            run: "click",
        },
        {
            content: `its outcome is ${outcome}`,
            trigger: `.modal button[name=action_choose]:contains(${outcome}), .modal footer button[name=action_done]:contains(${outcome}):visible`,
            run: "click",
        },
        {trigger: "body:not(:has(.modal))"},
    ];
}

registry.category("web_tour.tours").add("crm_actions_cadence", {
    url: "/odoo",
    steps: () => [
        ...stepUtils.goToAppSteps("crm.crm_menu_root"),
        {trigger: "[data-menu-xmlid='crm.crm_menu_config']", run: "click"},
        {
            trigger: "[data-menu-xmlid='crm.mail_activity_plan_menu_config_lead']",
            run: "click",
        },
        {trigger: ".o_list_button_add", run: "click"},
        {
            content: "a cadence",
            trigger: ".o_form_view .oe_title [name=name] textarea",
            run: "edit Relance d’été",
        },
        {
            content: "one step at a time",
            trigger: ".o_field_widget[name=sequential] input",
            run: "click",
        },
        {
            content: "the steps can have outcomes now",
            trigger: ".o_field_widget[name=template_ids] th[data-name=outcome_ids]",
        },
        ...addStep(1, "Appeler"),
        ...addStep(2, "Écrire"),
        ...addStep(3, "Visiter"),
        ...stepUtils.saveForm(),
        {
            content: "what the first step can end with",
            trigger: ".o_data_row:contains(Appeler) button[name=action_open_outcomes]",
            run: "click",
        },
        ...addOutcome(1, "Intéressé", "Next step"),
        ...addOutcome(2, "Pas de réponse", "Repeat"),
        {trigger: ".modal footer button:contains(Save)", run: "click"},
        {trigger: "body:not(:has(.modal))"},
        {
            content: "the outcomes show in the list of steps",
            trigger: ".o_data_row:contains(Appeler):contains(Pas de réponse)",
        },
        {trigger: "[data-menu-xmlid='crm.crm_menu_sales']", run: "click"},
        {trigger: "[data-menu-xmlid='crm.menu_crm_opportunities']", run: "click"},
        {
            content: "the settings of a stage",
            trigger: ".o_kanban_group:contains(Suite d’été) .o_kanban_header",
            run: "hover && click .o_kanban_group:contains(Suite d’été) .o_kanban_header .dropdown-toggle",
        },
        {trigger: ".o_group_edit", run: "click"},
        {
            content: "opportunities that enter it start the cadence",
            trigger: ".modal .o_field_widget[name=action_plan_id] input",
            run: "edit Relance",
        },
        {
            trigger: ".o-autocomplete--dropdown-item a:contains(Relance d’été)",
            run: "click",
        },
        {
            trigger:
                ".modal .o_field_widget[name=action_plan_id] input:value(Relance d’été)",
        },
        {trigger: ".modal .o_form_button_save", run: "click"},
        {trigger: "body:not(:has(.modal))"},
        {
            content: "nothing to do yet; the pipeline is read again after that",
            trigger: "[data-menu-xmlid='crm.crm_menu_sales']",
            run: "click",
        },
        {trigger: "[data-menu-xmlid='crm_actions.crm_action_menu']", run: "click"},
        {trigger: ".o_list_view .o_nocontent_help:contains(Nothing to do here)"},
        {trigger: "[data-menu-xmlid='crm.crm_menu_sales']", run: "click"},
        {trigger: "[data-menu-xmlid='crm.menu_crm_opportunities']", run: "click"},
        {
            content: "drag the opportunity there",
            trigger: `.o_kanban_group:contains(Entrée d’été) .o_kanban_record:contains(${LEAD})`,
            run: "drag_and_drop(.o_kanban_group:contains(Suite d’été))",
        },
        {
            content: "the cadence has started",
            trigger: `.o_kanban_group:contains(Suite d’été) .o_kanban_record:contains(${LEAD})`,
            run: "click",
        },
        {
            content: "the customer is away",
            trigger: "button[name=action_pause_actions]",
            run: "click",
        },
        {
            content: "on hold",
            trigger: ".o_crm_actions_line:contains(on hold since):contains(By hand)",
        },
        {trigger: "button[name=action_open_resume]", run: "click"},
        {
            content: "a pause of no day moves nothing",
            trigger: ".modal:contains(their dates stay) button[name=action_resume]",
            run: "click",
        },
        {trigger: "body:not(:has(.modal))"},
        ...finish("Appeler", "Pas de réponse"),
        {
            content: "it comes again",
            trigger: ".o_crm_actions_line:contains(Appeler):contains(Tomorrow)",
        },
        ...finish("Appeler", "Intéressé"),
        ...finish("Écrire", "Done"),
        {
            content: "the last step is left",
            trigger: ".o_crm_actions_line:contains(Visiter)",
        },
        {trigger: "[data-menu-xmlid='crm.crm_menu_config']", run: "click"},
        {
            trigger: "[data-menu-xmlid='crm.mail_activity_plan_menu_config_lead']",
            run: "click",
        },
        {trigger: ".o_data_row td:contains(Relance d’été)", run: "click"},
        {
            content: "where the cadence runs",
            trigger: "button[name=action_view_runs]:contains(1)",
            run: "click",
        },
        {
            content: "there, at its last step",
            trigger: `.o_data_row:contains(${LEAD}):contains(Visiter) .o_list_record_selector input`,
            run: "click",
        },
        {trigger: "button[name=action_stop]", run: "click"},
        {trigger: ".modal footer button:contains(Stop)", run: "click"},
        {
            content: "it runs nowhere any more",
            trigger: ".o_nocontent_help:contains(runs nowhere)",
        },
        {trigger: "[data-menu-xmlid='crm.crm_menu_report']", run: "click"},
        {
            trigger: "[data-menu-xmlid='crm_actions.crm_action_report_menu']",
            run: "click",
        },
        {content: "the report", trigger: ".o_graph_renderer canvas, .o_pivot table"},
    ],
});
