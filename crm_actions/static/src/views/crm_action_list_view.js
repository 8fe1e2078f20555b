import {registry} from "@web/core/registry";
import {kanbanView} from "@web/views/kanban/kanban_view";
import {listView} from "@web/views/list/list_view";
import {CrmActionModel} from "./crm_action_model";

const views = registry.category("views");
views.add("crm_action_list", {...listView, Model: CrmActionModel});
views.add("crm_action_kanban", {...kanbanView, Model: CrmActionModel});
