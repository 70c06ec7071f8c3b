// SQLite. SQLITE_TRANSIENT is a cast of -1 and cannot be imported as a macro.
#ifndef LATHE_CSQLITE_H
#define LATHE_CSQLITE_H
#include <sqlite3.h>
static inline int lathe_bind_text(sqlite3_stmt *s, int i, const char *text, int bytes) {
    return sqlite3_bind_text(s, i, text, bytes, SQLITE_TRANSIENT);
}
static inline int lathe_bind_blob(sqlite3_stmt *s, int i, const void *data, int bytes) {
    return sqlite3_bind_blob(s, i, data, bytes, SQLITE_TRANSIENT);
}
#endif
