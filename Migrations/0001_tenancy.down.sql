DROP TABLE idempotency_keys, tokens, users, tenant_keys, tenants;
DROP PROCEDURE open_to_dispatch(text, text, text);
DROP PROCEDURE protect_table(text, text);
DROP FUNCTION platform_now();
DROP FUNCTION current_tenant();
-- The roles stay: other schemas of the cluster may use them.
DO $$
BEGIN
    EXECUTE format('REVOKE USAGE ON SCHEMA %I FROM persona_app, persona_dispatch', current_schema());
END $$;
