#include <libpq-fe.h>

// The PG_DIAG_ macros are character literals, which Swift does not import.
static const int persona_pg_diag_sqlstate = PG_DIAG_SQLSTATE;
static const int persona_pg_diag_message_primary = PG_DIAG_MESSAGE_PRIMARY;
static const int persona_pg_diag_message_detail = PG_DIAG_MESSAGE_DETAIL;
static const int persona_pg_diag_constraint_name = PG_DIAG_CONSTRAINT_NAME;
static const int persona_pg_diag_table_name = PG_DIAG_TABLE_NAME;
