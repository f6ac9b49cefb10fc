#pragma once

#include <cstddef>

#include "base/bytes.h"
#include "base/result.h"
#include "protocol/limits.h"

namespace tombolo::protocol {

/// The body of an UPLOAD or DOWNLOAD as it travels: changeset entries, perhaps as one zlib stream.
/// It views bytes that whoever hands it out owns.
struct BodyView {
  BytesView wire_bytes;
  std::size_t uncompressed_bytes = 0;  ///< As announced by the sender when compressed.
  bool is_compressed = false;
};

/// A body ready to be sent; it owns its bytes and never changes, so sessions may share one.
struct EncodedBody {
  Bytes wire_bytes;
  std::size_t uncompressed_bytes = 0;
  bool is_compressed = false;

  [[nodiscard]] BodyView view() const noexcept {
    return {wire_bytes, uncompressed_bytes, is_compressed};
  }
};

/// How hard to compress: 1 (what existing senders use) to 12.
inline constexpr int kDefaultCompressionLevel = 1;

/// Compresses `entries` if they exceed `kUncompressedBodyBytesMax` and become smaller by it; keeps
/// them as they are otherwise, without a copy.
///
/// Thread:  callable from any thread; each keeps one compressor for its next call.
[[nodiscard]] EncodedBody encode_body(Bytes entries, int level = kDefaultCompressionLevel);

/// The entries of `body`: the very bytes when not compressed, else inflated into `scratch`, which
/// is only there to be reused and must outlive the result.
///
/// Errors:  `kLimitExceeded` when the announced size is over `bytes_max`, before anything is
///          allocated; `kBadMessage` with code 110 when the stream is damaged or does not give
///          exactly the announced size.
/// Thread:  callable from any thread; each keeps one decompressor for its next call.
[[nodiscard]] Result<BytesView> decode_body(const BodyView& body,
                                            Bytes& scratch,
                                            std::size_t bytes_max = kMessageBytesMax);

}  // namespace tombolo::protocol
