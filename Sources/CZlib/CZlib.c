#include "CZlib.h"

#include <limits.h>
#include <zlib.h>

// Compresses in 40 KiB of memory in place of zlib's usual 256 KiB, and quickly: telemetry repeats itself within short
// distances, and the job's own time and memory matter more than the last bytes.
enum { windowBits = 13, gzipFormat = 16, memoryLevel = 5 };

size_t czlib_gzip(const void *bytes, size_t count, void *output, size_t capacity) {
    if (count > UINT_MAX || capacity > UINT_MAX) return 0;
    z_stream stream = {0};
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, windowBits + gzipFormat, memoryLevel, Z_DEFAULT_STRATEGY)
        != Z_OK) {
        return 0;
    }
    stream.next_in = (Bytef *)bytes;
    stream.avail_in = (uInt)count;
    stream.next_out = output;
    stream.avail_out = (uInt)capacity;
    int code = deflate(&stream, Z_FINISH);
    size_t written = stream.total_out;
    deflateEnd(&stream);
    return code == Z_STREAM_END ? written : 0;
}
