-- A ledger of schema 1 in the middle of a plan, as groupadd 0.1.0 wrote it: two accounts behind Wawp, which accepts and
-- does not report. On SQLite, SERIAL is INTEGER. Twelve participants, a duplicate and a row that cannot be read:
--   00 02 03 05 09  added                     04  refuses; one of three looks was taken
--   01  refuses, and was invited              06  in mid-call; the add has taken effect
--   07  refuses, and is to be invited         08  refuses; in mid-invitation
--   10 12 13  waiting                         11  in mid-call; the add was never sent
CREATE TABLE drip_schema (version INTEGER NOT NULL, engine TEXT, PRIMARY KEY (version));
CREATE TABLE drip_sheets (
	id SERIAL NOT NULL, name TEXT NOT NULL, header JSON NOT NULL, delimiter TEXT NOT NULL, PRIMARY KEY (id)
);
CREATE TABLE drip_people (
	id SERIAL NOT NULL,
	sheet INTEGER NOT NULL,
	line INTEGER NOT NULL,
	cells JSON NOT NULL,
	provider TEXT NOT NULL,
	group_jid TEXT NOT NULL,
	given TEXT NOT NULL,
	jid TEXT NOT NULL,
	state TEXT NOT NULL,
	same_as TEXT,
	fault TEXT,
	tries INTEGER NOT NULL,
	sent_at DOUBLE PRECISION,
	answered_at DOUBLE PRECISION,
	looks INTEGER NOT NULL,
	look_at DOUBLE PRECISION,
	before JSON,
	claim JSON,
	after JSON,
	status TEXT,
	reason TEXT,
	evidence TEXT,
	says TEXT,
	invite JSON,
	settled_at DOUBLE PRECISION,
	PRIMARY KEY (id),
	FOREIGN KEY(sheet) REFERENCES drip_sheets (id)
);
CREATE UNIQUE INDEX drip_once_a_group ON drip_people (group_jid, jid) WHERE (state NOT IN ('twin', 'unusable'));
CREATE INDEX drip_next ON drip_people (provider, state, id);
CREATE INDEX drip_settled ON drip_people (provider, settled_at);
CREATE TABLE drip_accounts (
	provider TEXT NOT NULL,
	asked INTEGER NOT NULL,
	next_at DOUBLE PRECISION NOT NULL,
	invite_at DOUBLE PRECISION NOT NULL,
	stopped TEXT,
	why TEXT,
	resumed_at DOUBLE PRECISION NOT NULL,
	owner TEXT,
	lease_until DOUBLE PRECISION NOT NULL,
	ordered_at DOUBLE PRECISION,
	PRIMARY KEY (provider)
);
CREATE TABLE drip_audit (
	id SERIAL NOT NULL,
	at DOUBLE PRECISION NOT NULL,
	provider TEXT,
	group_jid TEXT,
	participant TEXT,
	event TEXT NOT NULL,
	rule TEXT NOT NULL,
	detail TEXT NOT NULL,
	PRIMARY KEY (id)
);
CREATE INDEX drip_events ON drip_audit (provider, event, id);
CREATE INDEX drip_of_one ON drip_audit (participant);
INSERT INTO drip_schema VALUES (1, NULL);
INSERT INTO drip_sheets VALUES (1, 'people.csv', '["phone", "name"]', ',');
INSERT INTO drip_accounts VALUES ('backup', 5, 1767603666.0, 0.0, NULL, NULL, 0.0, NULL, 1767603661.0, 1767603600.0);
INSERT INTO drip_accounts VALUES ('main', 5, 1767603666.05, 1767603664.05, NULL, NULL, 0.0, NULL, 1767603661.0, NULL);
INSERT INTO drip_people VALUES (
	1, 1, 2, '["+12005550100", "Person 0"]', 'backup', '120363000000000042@g.us', '+12005550100', '12005550100@s.whatsapp.net', 'done', NULL, NULL,
	1, 1767603604.0, 1767603606.0, 1, NULL, '[false, null, true]', '["unknown", "not_checked", null, null]', '[[true, null, true]]', 'added', NULL, 'observed', NULL, NULL, 1767603614.0
);
INSERT INTO drip_people VALUES (
	2, 1, 3, '["+12005550101", "Person 1"]', 'main', '120363000000000042@g.us', '+12005550101', '12005550101@s.whatsapp.net', 'done', NULL, NULL,
	1, 1767603604.05, 1767603606.05, 3, NULL, '[false, null, true]', '["unknown", "not_checked", null, null]', '[[false, null, true], [false, null, true], [false, null, true], [false, null, true]]', 'invited', 'silent_refusal', 'observed', NULL, '{"kind": "link", "state": "sent", "at": "2026-01-05T09:00:56.050000+00:00", "message_id": "true_12005550101@c.us_09", "expires_at": null}', 1767603656.05
);
INSERT INTO drip_people VALUES (
	3, 1, 4, '["+12005550102", "Person 2"]', 'backup', '120363000000000042@g.us', '+12005550102', '12005550102@s.whatsapp.net', 'done', NULL, NULL,
	1, 1767603618.0, 1767603620.0, 1, NULL, '[false, null, true]', '["unknown", "not_checked", null, null]', '[[true, null, true]]', 'added', NULL, 'observed', NULL, NULL, 1767603628.0
);
INSERT INTO drip_people VALUES (
	4, 1, 5, '["12005550100@c.us", "Ann again"]', 'main', '120363000000000042@g.us', '12005550100@c.us', '12005550100@s.whatsapp.net', 'twin', NULL, NULL,
	0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
);
INSERT INTO drip_people VALUES (
	5, 1, 6, '["+12005550103", "Person 3"]', 'backup', '120363000000000042@g.us', '+12005550103', '12005550103@s.whatsapp.net', 'done', NULL, NULL,
	1, 1767603632.0, 1767603634.0, 1, NULL, '[false, null, true]', '["unknown", "not_checked", null, null]', '[[true, null, true]]', 'added', NULL, 'observed', NULL, NULL, 1767603642.0
);
INSERT INTO drip_people VALUES (
	6, 1, 7, '["12 34", "Bad"]', 'main', '120363000000000042@g.us', '12 34', '', 'unusable', NULL, '''12 34'' has 4 digits; a number with its country code has 7 to 15',
	0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
);
INSERT INTO drip_people VALUES (
	7, 1, 8, '["+12005550104", "Person 4"]', 'backup', '120363000000000042@g.us', '+12005550104', '12005550104@s.whatsapp.net', 'watched', NULL, NULL,
	1, 1767603646.0, 1767603648.0, 1, 1767603656.0, '[false, null, true]', '["unknown", "not_checked", null, null]', '[[false, null, true]]', NULL, NULL, NULL, NULL, NULL, NULL
);
INSERT INTO drip_people VALUES (
	8, 1, 9, '["+12005550105", "Person 5"]', 'main', '120363000000000042@g.us', '+12005550105', '12005550105@s.whatsapp.net', 'done', NULL, NULL,
	1, 1767603618.05, 1767603620.05, 1, NULL, '[false, null, true]', '["unknown", "not_checked", null, null]', '[[true, null, true]]', 'added', NULL, 'observed', NULL, NULL, 1767603628.05
);
INSERT INTO drip_people VALUES (
	9, 1, 10, '["+12005550106", "Person 6"]', 'backup', '120363000000000042@g.us', '+12005550106', '12005550106@s.whatsapp.net', 'asking', NULL, NULL,
	1, 1767603660.0, NULL, 0, NULL, '[false, null, true]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
);
INSERT INTO drip_people VALUES (
	10, 1, 11, '["+12005550107", "Person 7"]', 'main', '120363000000000042@g.us', '+12005550107', '12005550107@s.whatsapp.net', 'to_invite', NULL, NULL,
	1, 1767603632.05, 1767603634.05, 3, NULL, '[false, null, true]', '["unknown", "not_checked", null, null]', '[[false, null, true], [false, null, true], [false, null, true]]', 'not_added', 'silent_refusal', 'observed', NULL, NULL, 1767603658.05
);
INSERT INTO drip_people VALUES (
	11, 1, 12, '["+12005550108", "Person 8"]', 'backup', '120363000000000042@g.us', '+12005550108', '12005550108@s.whatsapp.net', 'inviting', NULL, NULL,
	1, 1767603620.0, 1767603622.0, 3, NULL, '[false, null, true]', '["unknown", "not_checked", null, null]', '[[false, null, true], [false, null, true], [false, null, true]]', 'not_added', 'silent_refusal', 'observed', NULL, NULL, 1767603652.0
);
INSERT INTO drip_people VALUES (
	12, 1, 13, '["+12005550109", "Person 9"]', 'main', '120363000000000042@g.us', '+12005550109', '12005550109@s.whatsapp.net', 'done', NULL, NULL,
	1, 1767603646.05, 1767603648.05, 1, NULL, '[false, null, true]', '["unknown", "not_checked", null, null]', '[[true, null, true]]', 'added', NULL, 'observed', NULL, NULL, 1767603656.05
);
INSERT INTO drip_people VALUES (
	13, 1, 14, '["+12005550110", "Person 10"]', 'backup', '120363000000000042@g.us', '+12005550110', '12005550110@s.whatsapp.net', 'waiting', NULL, NULL,
	0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
);
INSERT INTO drip_people VALUES (
	14, 1, 15, '["+12005550111", "Person 11"]', 'main', '120363000000000042@g.us', '+12005550111', '12005550111@s.whatsapp.net', 'asking', NULL, NULL,
	1, 1767603660.05, NULL, 0, NULL, '[false, null, true]', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
);
INSERT INTO drip_people VALUES (
	15, 1, 16, '["+12005550112", "Person 12"]', 'backup', '120363000000000042@g.us', '+12005550112', '12005550112@s.whatsapp.net', 'waiting', NULL, NULL,
	0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
);
INSERT INTO drip_people VALUES (
	16, 1, 17, '["+12005550113", "Person 13"]', 'main', '120363000000000042@g.us', '+12005550113', '12005550113@s.whatsapp.net', 'waiting', NULL, NULL,
	0, NULL, NULL, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
);
INSERT INTO drip_audit VALUES (1, 1767603600.0, NULL, NULL, NULL, 'planned', 'plan', '14 people from people.csv');
INSERT INTO drip_audit VALUES (2, 1767603604.0, 'backup', '120363000000000042@g.us', '12005550100@s.whatsapp.net', 'asking', 'next in the plan', '');
INSERT INTO drip_audit VALUES (3, 1767603604.05, 'main', '120363000000000042@g.us', '12005550101@s.whatsapp.net', 'asking', 'next in the plan', '');
INSERT INTO drip_audit VALUES (4, 1767603606.0, 'backup', '120363000000000042@g.us', '12005550100@s.whatsapp.net', 'answered', 'not_checked', '');
INSERT INTO drip_audit VALUES (5, 1767603606.05, 'main', '120363000000000042@g.us', '12005550101@s.whatsapp.net', 'answered', 'not_checked', '');
INSERT INTO drip_audit VALUES (6, 1767603614.0, 'backup', '120363000000000042@g.us', '12005550100@s.whatsapp.net', 'settled', 'looks', 'added, observed');
INSERT INTO drip_audit VALUES (7, 1767603618.0, 'backup', '120363000000000042@g.us', '12005550102@s.whatsapp.net', 'asking', 'next in the plan', '');
INSERT INTO drip_audit VALUES (8, 1767603618.05, 'main', '120363000000000042@g.us', '12005550105@s.whatsapp.net', 'asking', 'next in the plan', '');
INSERT INTO drip_audit VALUES (9, 1767603620.0, 'backup', '120363000000000042@g.us', '12005550102@s.whatsapp.net', 'answered', 'not_checked', '');
INSERT INTO drip_audit VALUES (10, 1767603620.0, 'backup', '120363000000000042@g.us', '12005550108@s.whatsapp.net', 'asking', 'next in the plan', '');
INSERT INTO drip_audit VALUES (11, 1767603620.05, 'main', '120363000000000042@g.us', '12005550105@s.whatsapp.net', 'answered', 'not_checked', '');
INSERT INTO drip_audit VALUES (12, 1767603622.0, 'backup', '120363000000000042@g.us', '12005550108@s.whatsapp.net', 'answered', 'not_checked', '');
INSERT INTO drip_audit VALUES (13, 1767603626.0, 'backup', '120363000000000042@g.us', '12005550102@s.whatsapp.net', 'settled', 'looks', 'added, observed');
INSERT INTO drip_audit VALUES (14, 1767603626.05, 'main', '120363000000000042@g.us', '12005550105@s.whatsapp.net', 'settled', 'looks', 'added, observed');
INSERT INTO drip_audit VALUES (15, 1767603632.0, 'backup', '120363000000000042@g.us', '12005550103@s.whatsapp.net', 'asking', 'next in the plan', '');
INSERT INTO drip_audit VALUES (16, 1767603632.05, 'main', '120363000000000042@g.us', '12005550107@s.whatsapp.net', 'asking', 'next in the plan', '');
INSERT INTO drip_audit VALUES (17, 1767603634.0, 'backup', '120363000000000042@g.us', '12005550103@s.whatsapp.net', 'answered', 'not_checked', '');
INSERT INTO drip_audit VALUES (18, 1767603634.05, 'main', '120363000000000042@g.us', '12005550107@s.whatsapp.net', 'answered', 'not_checked', '');
INSERT INTO drip_audit VALUES (19, 1767603638.0, 'backup', '120363000000000042@g.us', '12005550103@s.whatsapp.net', 'settled', 'looks', 'added, observed');
INSERT INTO drip_audit VALUES (20, 1767603646.0, 'backup', '120363000000000042@g.us', '12005550104@s.whatsapp.net', 'asking', 'next in the plan', '');
INSERT INTO drip_audit VALUES (21, 1767603646.05, 'main', '120363000000000042@g.us', '12005550109@s.whatsapp.net', 'asking', 'next in the plan', '');
INSERT INTO drip_audit VALUES (22, 1767603648.0, 'backup', '120363000000000042@g.us', '12005550104@s.whatsapp.net', 'answered', 'not_checked', '');
INSERT INTO drip_audit VALUES (23, 1767603648.05, 'main', '120363000000000042@g.us', '12005550109@s.whatsapp.net', 'answered', 'not_checked', '');
INSERT INTO drip_audit VALUES (24, 1767603650.05, 'main', '120363000000000042@g.us', '12005550101@s.whatsapp.net', 'settled', 'looks', 'not_added, silent_refusal, observed');
INSERT INTO drip_audit VALUES (25, 1767603652.0, 'backup', '120363000000000042@g.us', '12005550108@s.whatsapp.net', 'settled', 'looks', 'not_added, silent_refusal, observed');
INSERT INTO drip_audit VALUES (26, 1767603652.0, 'backup', '120363000000000042@g.us', '12005550104@s.whatsapp.net', 'looked', 'looks', 'absent');
INSERT INTO drip_audit VALUES (27, 1767603652.05, 'main', '120363000000000042@g.us', '12005550101@s.whatsapp.net', 'inviting', 'link', '');
INSERT INTO drip_audit VALUES (28, 1767603656.0, 'backup', '120363000000000042@g.us', '12005550108@s.whatsapp.net', 'inviting', 'link', '');
INSERT INTO drip_audit VALUES (29, 1767603656.05, 'main', '120363000000000042@g.us', '12005550109@s.whatsapp.net', 'settled', 'looks', 'added, observed');
INSERT INTO drip_audit VALUES (30, 1767603656.05, 'main', '120363000000000042@g.us', '12005550101@s.whatsapp.net', 'invited', 'link', '');
INSERT INTO drip_audit VALUES (31, 1767603658.05, 'main', '120363000000000042@g.us', '12005550107@s.whatsapp.net', 'settled', 'looks', 'not_added, silent_refusal, observed');
INSERT INTO drip_audit VALUES (32, 1767603660.0, 'backup', '120363000000000042@g.us', '12005550106@s.whatsapp.net', 'asking', 'next in the plan', '');
INSERT INTO drip_audit VALUES (33, 1767603660.05, 'main', '120363000000000042@g.us', '12005550111@s.whatsapp.net', 'asking', 'next in the plan', '');
