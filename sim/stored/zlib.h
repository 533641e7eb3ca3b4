// What the FST writer needs of zlib, without its library: stored blocks (RFC 1950, RFC 1951), which
// every reader of the zlib format understands.
#pragma once

#include <cstdint>
#include <cstring>

using uLong = unsigned long;
using uLongf = unsigned long;
using Bytef = unsigned char;

constexpr int Z_OK = 0;
constexpr int Z_BUF_ERROR = -5;

inline uLong compressBound(uLong size) { return size + 5 * (size / 65535 + 1) + 6; }

inline int compress2(Bytef* target, uLongf* target_size, const Bytef* source, uLong size, int) {
    if (*target_size < compressBound(size)) return Z_BUF_ERROR;
    Bytef* out = target;
    *out++ = 0x78;
    *out++ = 0x01;
    uint32_t low = 1, high = 0;
    for (uLong i = 0; i < size; ++i) {
        low = (low + source[i]) % 65521;
        high = (high + low) % 65521;
    }
    do {
        const uLong length = size < 65535 ? size : 65535;
        *out++ = length == size;
        *out++ = length & 255;
        *out++ = length >> 8;
        *out++ = ~length & 255;
        *out++ = ~length >> 8 & 255;
        std::memcpy(out, source, length);
        out += length;
        source += length;
        size -= length;
    } while (size);
    for (const uint32_t half : {high, low}) {
        *out++ = half >> 8;
        *out++ = half & 255;
    }
    *target_size = out - target;
    return Z_OK;
}
