ALTER TABLE jobs DROP COLUMN postponed;
DROP TABLE source_tools;
DROP TABLE tool_revisions;
DROP TABLE tool_source_secrets;
DROP TABLE tool_sources;
DROP TABLE tool_usage;
DROP TABLE tool_trust;
DROP TABLE tool_rules;
DROP FUNCTION raise_tool_revision();
