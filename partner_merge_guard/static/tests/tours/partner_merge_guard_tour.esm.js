import {registry} from "@web/core/registry";

const row = (name) => `.o_data_row:has(.o_data_cell:contains('${name}'))`;
const dialog = ".modal:has(.o_partner_merge_wizard)";

function select(name) {
    return {
        content: `select ${name} in the list`,
        trigger: `${row(name)} .o_list_record_selector input`,
        run: "click",
    };
}

registry.category("web_tour.tours").add("partner_merge_guard_tour", {
    steps: () => [
        select("Marguerite Núñez"),
        select("Mme Núñez"),
        select("M. Nunez (Œuvre & Cie)"),
        {
            content: "open the actions",
            trigger: ".o_cp_action_menus button.dropdown-toggle",
            run: "click",
        },
        {
            content: "merge",
            trigger: ".o-dropdown--menu .o-dropdown-item:contains(/^Merge$/)",
            run: "click",
        },
        {
            content: "the member is named, with the reason",
            trigger: `${dialog} .alert:contains('Marguerite Núñez (Tagged Sociétaire)')`,
        },
        {
            content: "the member is marked in the list",
            trigger: `${dialog} ${row("Marguerite Núñez")} .text-danger:contains('Tagged Sociétaire')`,
        },
        {
            content: "the others are not",
            trigger: `${dialog} ${row("Mme Núñez")}:not(:has(.text-danger))`,
        },
        {
            content: "Merge is off",
            trigger: `${dialog} footer button[name=action_merge]:disabled`,
        },
        {
            content: "and there is no other way to merge",
            trigger: `${dialog} footer:not(:has(button[name=action_merge]:enabled))`,
        },
        {
            content: "remove the member",
            trigger: `${dialog} button[name=action_remove_protected]`,
            run: "click",
        },
        {
            content: "the member is gone, and so is the warning",
            trigger: `${dialog}:not(:has(${row("Marguerite Núñez")})):not(:has(.alert-warning))`,
        },
        {
            content: "merge the rest",
            trigger: `${dialog} footer button[name=action_merge]:enabled`,
            run: "click",
        },
        {
            content: "done",
            trigger: `${dialog} h2:contains('no more contacts to merge')`,
        },
        {
            content: "close",
            trigger: `${dialog} footer button[special=cancel]:visible, ${dialog} footer button:contains(Close)`,
            run: "click",
        },
        {
            content: "back in the list",
            trigger: "body:not(:has(.modal))",
        },
    ],
});
