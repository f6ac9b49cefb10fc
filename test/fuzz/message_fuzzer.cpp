/// Any bytes as a sync message, in both directions, modes and all versions: they are refused, or
/// what they parse to is written as bytes that parse to the same. Bodies are opened and their
/// entries read and written again. Nothing is allocated from a claimed size that the input cannot
/// fill.

#include <cstddef>
#include <cstdint>
#include <variant>

#include "base/assertion.h"
#include "protocol/changeset_entry.h"
#include "protocol/codec.h"

namespace {

using namespace tombolo;
using namespace tombolo::protocol;

template <typename Entries>
void check_entries(const BodyView& body, Entries (*parse_entries)(BytesView)) {
  Bytes scratch;
  const Result<BytesView> opened = decode_body(body, scratch);
  if (!opened) return;
  TOMBOLO_ASSERT_FATAL(opened->size() == body.uncompressed_bytes);
  const Entries entries = parse_entries(*opened);
  if (!entries) return;
  Bytes written;
  for (const auto& entry : *entries) append_entry(written, entry);
  TOMBOLO_ASSERT_FATAL(bytes_equal(written, *opened));

  const EncodedBody packed = encode_body(written);
  Bytes unpacked;
  TOMBOLO_ASSERT_FATAL(bytes_equal(decode_body(packed.view(), unpacked).value(), written));
}

void check_client_message(BytesView bytes, SubProtocol subprotocol) {
  const auto message = parse_client_message(bytes, subprotocol);
  if (!message) return;
  if (const auto* upload = std::get_if<Upload>(&*message))
    check_entries(upload->body, &parse_upload_entries);
  const Bytes once = encode_client_message(*message);
  const auto again = parse_client_message(once, subprotocol);
  TOMBOLO_ASSERT_FATAL(again && again->index() == message->index());
  TOMBOLO_ASSERT_FATAL(bytes_equal(encode_client_message(*again), once));
}

void check_server_message(BytesView bytes, SubProtocol subprotocol) {
  const auto head = find_download_head(bytes, subprotocol);
  const auto message = parse_server_message(bytes, subprotocol);
  if (!message) return;
  const auto* const download = std::get_if<Download>(&*message);
  TOMBOLO_ASSERT_FATAL(head.has_value() == (download != nullptr));
  if (download) {
    TOMBOLO_ASSERT_FATAL(head->message_bytes == bytes.size());
    check_entries(download->body, &parse_download_entries);
  }
  const Bytes once = encode_server_message(*message, subprotocol.version);
  const auto again = parse_server_message(once, subprotocol);
  TOMBOLO_ASSERT_FATAL(again && again->index() == message->index());
  TOMBOLO_ASSERT_FATAL(bytes_equal(encode_server_message(*again, subprotocol.version), once));
}

}  // namespace

/// The first byte chooses direction, mode and version; the rest is the message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr std::uint32_t kVersions = kProtocolVersionMax.value() - kProtocolVersionMin.value() + 1;
  const std::uint32_t choice = data[0];
  const SubProtocol subprotocol{
      (choice & 1) != 0 ? SyncMode::kFlexible : SyncMode::kPartition,
      ProtocolVersion(kProtocolVersionMax.value() - (choice >> 2) % kVersions)};
  // A copy of its own, so that the sanitizer sees a read beyond the end.
  const Bytes bytes = to_bytes(BytesView(reinterpret_cast<const std::byte*>(data + 1), size - 1));
  if ((choice & 2) != 0)
    check_server_message(bytes, subprotocol);
  else
    check_client_message(bytes, subprotocol);
  return 0;
}
