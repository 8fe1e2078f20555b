import {RelationalModel} from "@web/model/relational_model/relational_model";

/** Moving or adding an action changes which one is current: read them all again. */
class CrmActionRecordList extends RelationalModel.DynamicRecordList {
    async resequence() {
        await super.resequence(...arguments);
        await this.load();
    }
}

export class CrmActionModel extends RelationalModel {
    static DynamicRecordList = CrmActionRecordList;
}
