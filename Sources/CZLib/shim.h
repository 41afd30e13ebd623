#include <zlib.h>

// Macros that Swift does not import.
static inline int persona_deflate_init(z_stream *stream, int level, int window_bits, int memory, int strategy) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, memory, strategy);
}
