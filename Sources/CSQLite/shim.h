#include <sqlite3.h>
#include <stdint.h>

// SQLITE_TRANSIENT is a cast that Swift does not import: SQLite copies the bytes.
static inline int persona_sqlite_bind_text(sqlite3_stmt *statement, int index, const char *bytes, int count) {
    return sqlite3_bind_text(statement, index, bytes, count, SQLITE_TRANSIENT);
}
// sqlite3_db_config is variadic.
static inline int persona_sqlite_configure(sqlite3 *database, int option, int value) {
    return sqlite3_db_config(database, option, value, (int *)0);
}
