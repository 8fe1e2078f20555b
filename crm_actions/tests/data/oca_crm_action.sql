-- The tables that OCA's crm_action 8.0/9.0 leaves in a database, and some rows.
-- For a database with crm and without crm_actions: psql -f, then install crm_actions.
CREATE TABLE crm_action_type (
    id serial PRIMARY KEY,
    name varchar NOT NULL,
    priority integer NOT NULL DEFAULT 0,
    active boolean DEFAULT TRUE,
    create_uid integer, create_date timestamp, write_uid integer, write_date timestamp
);
CREATE TABLE crm_action (
    id serial PRIMARY KEY,
    lead_id integer REFERENCES crm_lead ON DELETE CASCADE,
    company_id integer REFERENCES res_company ON DELETE SET NULL,
    partner_id integer REFERENCES res_partner ON DELETE SET NULL,
    date date NOT NULL,
    user_id integer NOT NULL REFERENCES res_users ON DELETE SET NULL,
    action_type_id integer NOT NULL REFERENCES crm_action_type ON DELETE SET NULL,
    details text,
    state varchar NOT NULL,
    display_name varchar,
    create_uid integer REFERENCES res_users ON DELETE SET NULL,
    create_date timestamp,
    write_uid integer REFERENCES res_users ON DELETE SET NULL,
    write_date timestamp
);
INSERT INTO crm_action_type (name, priority)
VALUES ('call ', 1), ('Œuvre spéciale', 2), ('œuvre spéciale', 3);
INSERT INTO crm_lead (name, type, active, user_id, company_id, won_status, partner_id)
SELECT 'OCA ' || label, 'opportunity', label != 'perdue', 2, 1, 'pending',
       (SELECT partner_id FROM res_company WHERE id = 1)
  FROM unnest(ARRAY['Œuvre & Cie', 'Núñez', 'perdue']) label;
INSERT INTO crm_action (lead_id, company_id, partner_id, date, user_id,
                        action_type_id, details, state, create_uid, create_date,
                        write_uid, write_date)
SELECT lead.id, 1, lead.partner_id, row.date::date, 2,
       (SELECT min(id) + row.kind FROM crm_action_type), row.details, row.state,
       2, '2017-01-01 08:00', 2, row.written::timestamp
  FROM (VALUES
    ('OCA Œuvre & Cie', '2018-01-10', 0, 'Premier <appel> & suite', 'done', '2018-01-13 23:30'),
    ('OCA Œuvre & Cie', '2018-03-20', 1, E'Ligne une\nligne deux', 'draft', '2018-01-01 08:00'),
    ('OCA Œuvre & Cie', '2018-02-20', 2, NULL, 'draft', '2018-01-01 08:00'),
    ('OCA Núñez', '2018-02-01', 0, 'Tout fait', 'done', '2018-01-30 08:00'),
    ('OCA perdue', '2018-05-01', 0, 'Plus tard', 'draft', '2018-01-30 08:00'),
    (NULL, '2018-06-01', 1, 'Sans piste, à faire', 'draft', '2018-01-30 08:00'),
    (NULL, '2018-06-02', 1, 'Sans piste, fait', 'done', '2018-06-30 08:00')
  ) AS row (lead, date, kind, details, state, written)
  LEFT JOIN crm_lead lead ON lead.name = row.lead;
