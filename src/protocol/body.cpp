#include "protocol/body.h"

#include <memory>
#include <string>
#include <utility>

#include <libdeflate.h>

#include "base/assertion.h"
#include "protocol/error_code.h"

namespace tombolo::protocol {
namespace {

/// Deflate cannot do better: 258 bytes from 2 bits. Source: RFC 1951, 3.2.5.
constexpr std::size_t kDeflateRatioMax = 1032;

using Compressor = std::unique_ptr<libdeflate_compressor, decltype(&libdeflate_free_compressor)>;
using Decompressor =
    std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)>;

[[nodiscard]] libdeflate_compressor& compressor(int level) {
  thread_local Compressor kept(nullptr, &libdeflate_free_compressor);
  thread_local int kept_level = 0;
  if (!kept || kept_level != level) {
    kept.reset(libdeflate_alloc_compressor(level));
    if (!kept) throw std::bad_alloc();
    kept_level = level;
  }
  return *kept;
}

[[nodiscard]] libdeflate_decompressor& decompressor() {
  thread_local const Decompressor kept(libdeflate_alloc_decompressor(),
                                       &libdeflate_free_decompressor);
  if (!kept) throw std::bad_alloc();
  return *kept;
}

[[nodiscard]] Error bad_decompression(std::string_view problem) {
  return bad_message(
      SyncErrorCode::kBadDecompression, "body", "compressed body " + std::string(problem));
}

}  // namespace

EncodedBody encode_body(Bytes entries, int level) {
  TOMBOLO_ASSERT(level >= 1 && level <= 12);
  const std::size_t bytes = entries.size();
  if (bytes > kUncompressedBodyBytesMax) {
    // One byte less than the entries: what is not smaller does not fit and is not produced.
    Bytes compressed(bytes - 1);
    const std::size_t compressed_bytes = libdeflate_zlib_compress(
        &compressor(level), entries.data(), bytes, compressed.data(), compressed.size());
    if (compressed_bytes != 0) {
      compressed.resize(compressed_bytes);
      compressed.shrink_to_fit();
      return {std::move(compressed), bytes, true};
    }
  }
  return {std::move(entries), bytes, false};
}

Result<BytesView> decode_body(const BodyView& body, Bytes& scratch, std::size_t bytes_max) {
  if (body.uncompressed_bytes > bytes_max)
    return Error(ErrorCode::kLimitExceeded,
                 "body of " + std::to_string(body.uncompressed_bytes) + " bytes, at most " +
                     std::to_string(bytes_max) + " are taken");
  if (!body.is_compressed) return body.wire_bytes;
  if (body.uncompressed_bytes / kDeflateRatioMax > body.wire_bytes.size())
    return bad_decompression("is too short for its announced size");

  scratch.resize(body.uncompressed_bytes);
  std::size_t consumed = 0;
  const libdeflate_result result = libdeflate_zlib_decompress_ex(&decompressor(),
                                                                 body.wire_bytes.data(),
                                                                 body.wire_bytes.size(),
                                                                 scratch.data(),
                                                                 scratch.size(),
                                                                 &consumed,
                                                                 nullptr);
  if (result == LIBDEFLATE_BAD_DATA) return bad_decompression("is damaged");
  if (result != LIBDEFLATE_SUCCESS) return bad_decompression("has not its announced size");
  if (consumed != body.wire_bytes.size()) return bad_decompression("is followed by more bytes");
  return BytesView(scratch);
}

}  // namespace tombolo::protocol
