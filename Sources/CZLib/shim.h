#include <zlib.h>

// Macros that Swift does not import.
static inline int persona_deflate_init(z_stream *stream, int level, int window_bits, int memory, int strategy) {
    return deflateInit2(stream, level, Z_DEFLATED, window_bits, memory, strategy);
}
static inline int persona_inflate_init(z_stream *stream, int window_bits) { return inflateInit2(stream, window_bits); }
