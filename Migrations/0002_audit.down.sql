DROP FUNCTION audit_append(text, text, text, uuid, json);
DROP TABLE audit_log, audit_heads;
