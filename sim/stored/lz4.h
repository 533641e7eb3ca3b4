// What the FST writer needs of LZ4, without its library: blocks of literals alone, which every
// reader of the LZ4 block format understands.
#pragma once

#include <cstring>

inline int LZ4_compressBound(int size) { return size + size / 255 + 16; }

inline int LZ4_compress_default(const char* source, char* target, int size, int capacity) {
    if (capacity < LZ4_compressBound(size)) return 0;
    char* out = target;
    int rest = size - 15;
    *out++ = static_cast<char>((size < 15 ? size : 15) << 4);
    if (rest >= 0) {
        for (; rest >= 255; rest -= 255) *out++ = static_cast<char>(255);
        *out++ = static_cast<char>(rest);
    }
    std::memcpy(out, source, size);
    return static_cast<int>(out - target) + size;
}
