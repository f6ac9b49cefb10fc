#include "test/golden/wire_suites.h"

#include <map>
#include <string_view>
#include <variant>

#include <nlohmann/json.hpp>

#include "protocol/changeset_entry.h"
#include "protocol/codec.h"
#include "test/support/recorded_traffic.h"

namespace tombolo::test {
namespace {

using namespace protocol;

/// What our codec makes of one recorded message.
struct Outcome {
  std::optional<Error> refusal;
  Bytes rewritten;
};

std::optional<BodyView> body_of(const ClientMessage& message) {
  const auto* upload = std::get_if<Upload>(&message);
  return upload != nullptr ? std::optional(upload->body) : std::nullopt;
}
std::optional<BodyView> body_of(const ServerMessage& message) {
  const auto* download = std::get_if<Download>(&message);
  return download != nullptr ? std::optional(download->body) : std::nullopt;
}

/// Opens `body`, writes its entries again and packs them as a sender would.
template <typename Entries>
std::optional<Error> check_body(const BodyView& body, Entries (*parse_entries)(BytesView)) {
  Bytes scratch;
  const Result<BytesView> opened = decode_body(body, scratch);
  if (!opened) return opened.error();
  const Entries entries = parse_entries(*opened);
  if (!entries) return entries.error();
  Bytes written;
  for (const auto& entry : *entries) append_entry(written, entry);
  if (!bytes_equal(written, *opened)) throw Error(ErrorCode::kInternal, "entries differ");

  const EncodedBody packed = encode_body(written);
  Bytes unpacked;
  if (!bytes_equal(decode_body(packed.view(), unpacked).value(), written))
    throw Error(ErrorCode::kInternal, "body differs after packing and unpacking");
  return std::nullopt;
}

Outcome examine_client_message(const RecordedEvent& event, SubProtocol subprotocol) {
  const Result<ClientMessage> message = parse_client_message(event.bytes, subprotocol);
  if (!message) return {message.error(), {}};
  if (const auto body = body_of(*message))
    if (auto refusal = check_body(*body, &parse_upload_entries)) return {refusal, {}};
  return {std::nullopt, encode_client_message(*message)};
}

Outcome examine_server_message(const RecordedEvent& event, SubProtocol subprotocol) {
  const Result<ServerMessage> message = parse_server_message(event.bytes, subprotocol);
  if (!message) return {message.error(), {}};
  if (const auto body = body_of(*message))
    if (auto refusal = check_body(*body, &parse_download_entries)) return {refusal, {}};
  return {std::nullopt, encode_server_message(*message, subprotocol.version)};
}

/// A recorded message that was sent to see what the other side makes of it, or that says in other
/// words what we write. Source: docs/protocol.md and the descriptions of the recordings.
struct Oddity {
  enum class Verdict : std::uint8_t { kRefused, kRewritten };

  std::string_view place;  ///< The file, or the case inside it.
  std::string_view head;   ///< The message up to its line feed.
  Verdict verdict;
  std::string_view evidence;  ///< Part of the error, or of the message as we write it.
};

constexpr auto kRefused = Oddity::Verdict::kRefused;
constexpr auto kRewritten = Oddity::Verdict::kRewritten;

constexpr Oddity kOddities[] = {
    // clang-format off
    // Hand-made messages to a server.
    {"case: unknown message type", "foo 1\n", kRefused, "no message is named \"foo\""},
    {"case: empty message", "", kRefused, "no message is named \"\""},
    {"case: no newline", "mark 1 1", kRefused, "line feed is missing"},
    {"case: bind: letters for numbers", "bind x 1 0 1 0\n", kRefused, "session ident is not a number"},
    {"case: bind: path shorter than announced", "bind 1 10 0 1 0\n", kRefused, "data is longer"},
    {"case: bind: bytes after token", "bind 1 4 0 1 0\n", kRefused, "end is followed by more bytes"},
    {"case: bind: token of 70000 bytes", "bind 1 4 70000 1 0\n", kRefused, "token size is over its limit"},
    {"case: query message on PBS", "query 1 1 2\n", kRefused, "no message is named \"query\""},
    {"case: ping bad syntax", "ping\n", kRefused, "timestamp is missing"},
    {"case: json_error for unknown session", "json_error 212 2 7\n", kRefused, "message is missing"},
    {"case: mark request ident 0", "mark 1 0\n", kRefused, "request ident is below its domain"},
    {"case: upload: body size mismatch (announces more)", "upload 1 0 500 0 3 0 0\n", kRefused, "body is longer than the message"},
    {"case: upload: changeset size greater than body", "upload 1 0 111 0 3 0 0\n", kRefused, "size reaches beyond the body"},
    {"case: upload: bad compressed data", "upload 1 1 500 20 3 0 0\n", kRefused, "compressed body is damaged"},
    {"case: upload: raw deflate without zlib header", "upload 1 1 109 89 2 0 0\n", kRefused, "compressed body is damaged"},
    {"case: upload: bad changeset header", "upload 1 0 5 0 3 0 0\n", kRefused, "number is missing or malformed"},

    // Odd or wrong messages to a client.
    {"wire/flx/bootstrap_variants/ident_2_pow_63.jsonl", "ident 1 9223372036854775808 5\n", kRefused, "client file ident is not a number in its domain"},
    {"wire/flx/bootstrap_variants/ident_2_pow_63.jsonl", "ident 1 9223372036854775808 5 0 0 0 0 0 2\n", kRefused, "client file ident is not a number in its domain"},
    {"wire/flx/bootstrap_variants/ident_file_0.jsonl", "ident 1 0 5\n", kRefused, "client file ident is below its domain"},
    {"wire/flx/bootstrap_variants/ident_salt_0.jsonl", "ident 1 12 0\n", kRefused, "client file ident salt is 0"},
    {"wire/flx/error_codes/101_sent_with_session_1.jsonl", "error 101 4 0 1\n", kRefused, "error code does not belong"},
    {"wire/flx/error_codes/150_unknown_connection_level.jsonl", "error 150 4 0 0\n", kRefused, "error code does not belong"},
    {"wire/flx/error_codes/201_sent_with_session_0.jsonl", "error 201 4 0 0\n", kRefused, "error code does not belong"},
    {"wire/flx/json_error_fields/not_json.jsonl", "json_error 201 5 1\n", kRefused, "json is missing"},
    {"wire/flx/json_error_fields/only_backoffIntervalSec.jsonl", "json_error 201 171 1\n", kRefused, "backoffMaxDelaySec is missing"},
    {"wire/flx/json_error_fields/without_action.jsonl", "json_error 201 110 1\n", kRefused, "action is missing"},
    {"wire/flx/json_error_fields/without_isRecoveryModeDisabled.jsonl", "json_error 201 116 1\n", kRefused, "isRecoveryModeDisabled is missing"},
    {"wire/flx/json_error_fields/without_logURL.jsonl", "json_error 201 108 1\n", kRefused, "logURL is missing"},
    {"wire/flx/json_error_fields/without_message.jsonl", "json_error 201 115 1\n", kRefused, "message is missing"},
    {"wire/flx/json_error_fields/without_shouldClientReset.jsonl", "json_error 201 121 1\n", kRefused, "shouldClientReset is missing"},
    {"wire/flx/json_error_fields/without_tryAgain.jsonl", "json_error 201 113 1\n", kRefused, "tryAgain is missing"},
    {"wire/flx/server_messages/alloc_message.jsonl", "alloc 1 22\n", kRefused, "no message is named \"alloc\""},
    {"wire/flx/server_messages/download_batch_state_3.jsonl", "download 1 12 5 12 777000111222 12 12 1 3 1 0 0 0\n", kRefused, "batch state"},
    {"wire/flx/server_messages/download_bytes_after_body.jsonl", "download 1 12 5 12 777000111222 12 12 1 2 1 0 0 0\n", kRefused, "end is followed by more bytes"},
    {"wire/flx/server_messages/download_changeset_size_too_large.jsonl", "download 1 13 6 13 777000111222 12 12 1 2 1 0 29 0\n", kRefused, "size reaches beyond the body"},
    {"wire/flx/server_messages/download_compressed_garbage.jsonl", "download 1 12 6 12 777000111222 12 12 1 2 1 1 100 4\n", kRefused, "compressed body is damaged"},
    {"wire/flx/server_messages/download_progress_1.5.jsonl", "download 1 12 5 12 777000111222 12 12 1 2 1.5 0 0 0\n", kRefused, "progress estimate is not between 0 and 1"},
    {"wire/flx/server_messages/download_progress_negative.jsonl", "download 1 12 5 12 777000111222 12 12 1 2 -0.5 0 0 0\n", kRefused, "progress estimate is not between 0 and 1"},
    {"wire/flx/server_messages/download_query_version_minus_1.jsonl", "download 1 12 5 12 777000111222 12 12 -1 2 1 0 0 0\n", kRefused, "query version is not a number in its domain"},
    {"wire/flx/server_messages/download_without_flx_fields.jsonl", "download 1 12 5 12 777000111222 12 12 0 0 0 0\n", kRefused, "uncompressed body size is missing"},
    {"wire/flx/server_messages/log_message_bad_json.jsonl", "log_message 1 3\n", kRefused, "json is missing"},
    {"wire/flx/server_messages/log_message_bad_level.jsonl", "log_message 1 28\n", kRefused, "level is missing or has a wrong value"},
    {"wire/flx/server_messages/message_without_newline.jsonl", "mark 1 1", kRefused, "line feed is missing"},
    {"wire/flx/server_messages/unknown_message.jsonl", "hello 1\n", kRefused, "no message is named \"hello\""},

    // Other words for what we write.
    {"wire/flx/json_error_actions/NoAction.jsonl", "json_error 201 172 1\n", kRewritten, "\"action\":\"ApplicationBug\""},
    {"wire/flx/json_error_actions/SomethingUnknown.jsonl", "json_error 201 188 1\n", kRewritten, "\"action\":\"ApplicationBug\""},
    {"wire/flx/json_error_actions/empty_string.jsonl", "json_error 201 156 1\n", kRewritten, "\"action\":\"ApplicationBug\""},
    {"wire/flx/json_error_fields/extra_fields.jsonl", "json_error 201 172 1\n", kRewritten, "json_error 201 147 1\n"},
    {"wire/flx/log_message.jsonl", "log_message 0 18\n", kRewritten, "\"level\":\"debug\",\"msg\":\"no level\""},
    {"wire/flx/server_messages/download_progress_exponent_1e0.jsonl", "download 1 12 5 12 777000111222 12 12 1 2 1e0 0 0 0\n", kRewritten, "12 12 1 2 1 0 0 0\n"},
    {"wire/flx/server_messages/download_progress_text_1.0.jsonl", "download 1 12 5 12 777000111222 12 12 1 2 1.0 0 0 0\n", kRewritten, "12 12 1 2 1 0 0 0\n"},
    // clang-format on
};

const Oddity* find_oddity(std::string_view place, std::string_view message) {
  const std::size_t line_feed = message.find('\n');
  const std::string_view head =
      line_feed == std::string_view::npos ? message : message.substr(0, line_feed + 1);
  for (const Oddity& oddity : kOddities)
    if (oddity.place == place && oddity.head == head) return &oddity;
  return nullptr;
}

/// Whether two messages differ at most in the order of the keys of their JSON bodies.
bool same_message(BytesView left, BytesView right) {
  if (bytes_equal(left, right)) return true;
  const auto split = [](BytesView bytes) {
    const std::string_view text = as_text(bytes);
    const std::size_t line_feed = text.find('\n');
    return std::pair(text.substr(0, line_feed),
                     nlohmann::json::parse(text.substr(line_feed + 1), nullptr, false));
  };
  const auto [left_head, left_json] = split(left);
  const auto [right_head, right_json] = split(right);
  return left_head == right_head && left_json.is_object() && left_json == right_json;
}

std::string check_refusal(const Outcome& outcome, std::string_view evidence) {
  if (!outcome.refusal) return "taken, although it is wrong";
  const std::string& message = outcome.refusal->message();
  return message.find(evidence) != std::string::npos ? ""
                                                     : "refused for another reason: " + message;
}

std::string check_message(const RecordedEvent& event,
                          SubProtocol subprotocol,
                          const Oddity* oddity) {
  const Outcome outcome = event.source == RecordedSource::kClientToServer
                              ? examine_client_message(event, subprotocol)
                              : examine_server_message(event, subprotocol);
  if (event.is_truncated) return check_refusal(outcome, "body is longer than the message");
  if (oddity != nullptr && oddity->verdict == kRefused)
    return check_refusal(outcome, oddity->evidence);
  if (outcome.refusal) return "refused: " + outcome.refusal->describe();
  const std::string_view rewritten = as_text(outcome.rewritten);
  const bool is_expected = oddity != nullptr
                               ? rewritten.find(oddity->evidence) != std::string_view::npos
                               : same_message(outcome.rewritten, event.bytes);
  return is_expected ? "" : "written again as " + std::string(rewritten.substr(0, 400));
}

/// The sub-protocol that the answer to an upgrade names. One that we would refuse was named to see
/// what the client does; the messages keep the newest form.
SubProtocol subprotocol_of(const RecordedEvent& answer) {
  const auto token = answer.header("Sec-WebSocket-Protocol");
  for (const SyncMode mode : {SyncMode::kPartition, SyncMode::kFlexible})
    if (const auto subprotocol = accept_subprotocol(mode, token)) return *subprotocol;
  const bool is_flexible = token && token->find("query") != std::string_view::npos;
  return {is_flexible ? SyncMode::kFlexible : SyncMode::kPartition, kProtocolVersionMax};
}

GoldenReport check_recording(const std::filesystem::path& directory, const std::string& file) {
  GoldenReport report(file);
  std::string place = file;
  std::map<std::uint32_t, SubProtocol> subprotocols;
  for (const RecordedEvent& event : read_recording(directory / file)) {
    if (event.source == RecordedSource::kTool && event.text.starts_with("case: "))
      place = event.text;
    if (event.kind == RecordedKind::kHttp && event.source == RecordedSource::kServerToClient)
      subprotocols[event.connection] = subprotocol_of(event);
    if (event.kind != RecordedKind::kBinary && event.kind != RecordedKind::kText) continue;
    const Oddity* const oddity = find_oddity(place, as_text(event.bytes));
    report.check(place + ": " + event.text,
                 [&] { return check_message(event, subprotocols.at(event.connection), oddity); });
  }
  return report;
}

std::vector<GoldenReport> run(const std::filesystem::path& directory) {
  std::vector<GoldenReport> reports;
  for (const std::string_view folder : {"wire/pbs", "wire/flx", "wire/app", "wire/timing"})
    for (const std::string& file : find_recordings(directory / folder))
      reports.push_back(
          check_recording(directory, (std::filesystem::path(folder) / file).string()));
  return reports;
}

}  // namespace

std::vector<GoldenSuite> wire_suites() {
  return {{"wire", run}};
}

}  // namespace tombolo::test
