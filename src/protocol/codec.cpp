#include "protocol/codec.h"

#include <algorithm>
#include <array>
#include <type_traits>
#include <utility>

#include "base/assertion.h"
#include "protocol/json_body.h"
#include "protocol/limits.h"
#include "protocol/message_reader.h"
#include "protocol/message_writer.h"

namespace tombolo::protocol {
namespace {

// Parts that several messages share.

[[nodiscard]] SessionIdent read_session(MessageReader& reader) {
  return reader.id<SessionIdent>("session ident");
}

[[nodiscard]] SyncErrorCode read_error_code(MessageReader& reader) {
  const std::int64_t number = reader.signed_number("error code");
  const auto code = static_cast<SyncErrorCode>(number);
  if (static_cast<std::int64_t>(code) != number) reader.fail("error code", "is out of range");
  return code;
}

[[nodiscard]] std::size_t read_text_size(MessageReader& reader, std::string_view field) {
  return reader.size(field, kTextBytesMax);
}

/// Takes the JSON that ends a message and fills `into`; a failure names the key.
template <typename T>
void read_json_body(MessageReader& reader, std::size_t size, T& into) {
  const std::string_view json = reader.text("body", size);
  if (reader.has_failed()) return;
  if (const std::string_view problem = read_json(json, into); !problem.empty())
    reader.fail(problem, "is missing or has a wrong value");
}

/// What the three size fields of UPLOAD and DOWNLOAD say.
struct BodySizes {
  bool is_compressed = false;
  std::size_t uncompressed = 0;
  std::size_t compressed = 0;

  [[nodiscard]] std::size_t on_the_wire() const noexcept {
    return is_compressed ? compressed : uncompressed;
  }
};

[[nodiscard]] BodySizes read_body_sizes(MessageReader& reader) {
  BodySizes sizes;
  sizes.is_compressed = reader.flag("is body compressed");
  sizes.uncompressed = reader.size("uncompressed body size", kMessageBytesMax);
  sizes.compressed = reader.size("compressed body size", kMessageBytesMax);
  if (!sizes.is_compressed && sizes.compressed != 0)
    reader.fail("compressed body size", "belongs to no compressed body");
  return sizes;
}

[[nodiscard]] BodyView read_body(MessageReader& reader, const BodySizes& sizes) {
  return {
      as_bytes(reader.text("body", sizes.on_the_wire())), sizes.uncompressed, sizes.is_compressed};
}

void write_body_sizes(MessageWriter& writer, const BodyView& body) {
  writer.field(int{body.is_compressed})
      .field(body.uncompressed_bytes)
      .field(body.is_compressed ? body.wire_bytes.size() : 0);
}

// Messages of both directions.

[[nodiscard]] Mark read_mark(MessageReader& reader) {
  Mark mark;
  mark.session = read_session(reader);
  mark.request = reader.id<RequestIdent>("request ident", 1);
  reader.end_head();
  return mark;
}

[[nodiscard]] Bytes write(const Mark& mark) {
  return MessageWriter("mark").field(mark.session).field(mark.request).message();
}

[[nodiscard]] TestCommand read_test_command(MessageReader& reader) {
  TestCommand command;
  command.session = read_session(reader);
  command.request = reader.id<RequestIdent>("request ident", 1);
  const std::size_t size = read_text_size(reader, "size");
  reader.end_head();
  command.body = reader.text("body", size);
  return command;
}

[[nodiscard]] Bytes write(const TestCommand& command) {
  return MessageWriter("test_command")
      .field(command.session)
      .field(command.request)
      .field(command.body.size())
      .message(command.body);
}

// Messages of the client.

/// A size of BIND, where being too long is bad syntax and no reason for a client reset.
[[nodiscard]] std::size_t read_bind_size(MessageReader& reader,
                                         std::string_view field,
                                         std::size_t max) {
  const std::uint64_t size = reader.number(field);
  if (size > max) reader.fail(field, "is over its limit");
  return static_cast<std::size_t>(size);
}

[[nodiscard]] ClientMessage read_bind(MessageReader& reader, SubProtocol subprotocol) {
  const bool is_flexible = subprotocol.mode == SyncMode::kFlexible;
  Bind bind;
  bind.session = read_session(reader);
  const std::size_t data_size =
      read_bind_size(reader, "data size", is_flexible ? kBindDataBytesMax : kPartitionBytesMax);
  const std::size_t token_size = read_bind_size(reader, "token size", kBindTokenBytesMax);
  bind.needs_client_file_ident = reader.flag("need client file ident");
  bind.is_subserver = reader.flag("is subserver");
  reader.end_head();
  if (!is_flexible) {
    bind.target = PartitionBind{reader.text("data", data_size)};
  } else {
    // Clients before `since::kLogMessage` send no data.
    auto& target = bind.target.emplace<FlexibleBind>();
    if (data_size != 0) read_json_body(reader, data_size, target);
  }
  bind.token = reader.text("token", token_size);
  return bind;
}

[[nodiscard]] Bytes write(const Bind& bind) {
  std::string json;
  std::string_view data;
  if (const auto* partition = std::get_if<PartitionBind>(&bind.target)) {
    data = partition->partition;
  } else {
    json = write_json(std::get<FlexibleBind>(bind.target));
    data = json;
  }
  return MessageWriter("bind")
      .field(bind.session)
      .field(data.size())
      .field(bind.token.size())
      .field(int{bind.needs_client_file_ident})
      .field(int{bind.is_subserver})
      .message(data, bind.token);
}

[[nodiscard]] ClientMessage read_client_ident(MessageReader& reader, SubProtocol subprotocol) {
  ClientIdent ident;
  ident.session = read_session(reader);
  ident.client_file.ident = reader.id<ClientFileIdent>("client file ident");
  ident.client_file.salt = Salt(reader.signed_number("client file ident salt"));
  ident.download.server_version = reader.id<ServerVersion>("download server version");
  ident.download.client_version = reader.id<ClientVersion>("download client version");
  ident.latest_server_version.version = reader.id<ServerVersion>("latest server version");
  ident.latest_server_version.salt = Salt(reader.signed_number("latest server version salt"));
  if (subprotocol.mode == SyncMode::kFlexible) {
    QuerySet& queries = ident.active_queries.emplace();
    queries.version = reader.id<QueryVersion>("query version");
    const std::size_t size = reader.size("query size", kQueryBytesMax);
    reader.end_head();
    queries.queries = reader.text("query", size);
  } else {
    reader.end_head();
  }
  return ident;
}

[[nodiscard]] Bytes write(const ClientIdent& ident) {
  MessageWriter writer("ident");
  writer.field(ident.session)
      .field(ident.client_file.ident)
      .field(ident.client_file.salt)
      .field(ident.download.server_version)
      .field(ident.download.client_version)
      .field(ident.latest_server_version.version)
      .field(ident.latest_server_version.salt);
  if (!ident.active_queries) return writer.message();
  return writer.field(ident.active_queries->version)
      .field(ident.active_queries->queries.size())
      .message(ident.active_queries->queries);
}

[[nodiscard]] ClientMessage read_query(MessageReader& reader, SubProtocol) {
  Query query;
  query.session = read_session(reader);
  query.queries.version = reader.id<QueryVersion>("query version");
  const std::size_t size = reader.size("query size", kQueryBytesMax);
  reader.end_head();
  query.queries.queries = reader.text("query", size);
  return query;
}

[[nodiscard]] Bytes write(const Query& query) {
  return MessageWriter("query")
      .field(query.session)
      .field(query.queries.version)
      .field(query.queries.queries.size())
      .message(query.queries.queries);
}

[[nodiscard]] ClientMessage read_upload(MessageReader& reader, SubProtocol) {
  Upload upload;
  upload.session = read_session(reader);
  const BodySizes sizes = read_body_sizes(reader);
  upload.progress.client_version = reader.id<ClientVersion>("progress client version");
  upload.progress.server_version = reader.id<ServerVersion>("progress server version");
  upload.locked_server_version = reader.id<ServerVersion>("locked server version");
  reader.end_head();
  upload.body = read_body(reader, sizes);
  return upload;
}

[[nodiscard]] MessageWriter write_head(const Upload& upload) {
  MessageWriter writer("upload");
  writer.field(upload.session);
  write_body_sizes(writer, upload.body);
  writer.field(upload.progress.client_version)
      .field(upload.progress.server_version)
      .field(upload.locked_server_version);
  return writer;
}

[[nodiscard]] Bytes write(const Upload& upload) {
  return write_head(upload).message(upload.body.wire_bytes);
}

[[nodiscard]] ClientMessage read_client_mark(MessageReader& reader, SubProtocol) {
  return read_mark(reader);
}

[[nodiscard]] ClientMessage read_unbind(MessageReader& reader, SubProtocol) {
  const Unbind unbind{read_session(reader)};
  reader.end_head();
  return unbind;
}

[[nodiscard]] Bytes write(const Unbind& unbind) {
  return MessageWriter("unbind").field(unbind.session).message();
}

[[nodiscard]] ClientMessage read_client_error(MessageReader& reader, SubProtocol) {
  ClientError error;
  error.code = read_error_code(reader);
  const std::size_t size = read_text_size(reader, "message size");
  error.session = read_session(reader);
  reader.end_head();
  read_json_body(reader, size, error);
  return error;
}

[[nodiscard]] Bytes write(const ClientError& error) {
  const std::string json = write_json(error);
  return MessageWriter("json_error")
      .field(static_cast<std::int32_t>(error.code))
      .field(json.size())
      .field(error.session)
      .message(std::string_view(json));
}

[[nodiscard]] ClientMessage read_ping(MessageReader& reader, SubProtocol) {
  Ping ping;
  ping.timestamp = std::chrono::milliseconds(reader.signed_number("timestamp"));
  ping.round_trip = std::chrono::milliseconds(reader.signed_number("rtt"));
  reader.end_head();
  return ping;
}

[[nodiscard]] Bytes write(const Ping& ping) {
  return MessageWriter("ping")
      .field(ping.timestamp.count())
      .field(ping.round_trip.count())
      .message();
}

[[nodiscard]] ClientMessage read_client_test_command(MessageReader& reader, SubProtocol) {
  return read_test_command(reader);
}

// Messages of the server.

[[nodiscard]] ServerMessage read_server_ident(MessageReader& reader, SubProtocol) {
  ServerIdent ident;
  ident.session = read_session(reader);
  ident.client_file.ident = reader.id<ClientFileIdent>("client file ident", 1);
  ident.client_file.salt = Salt(reader.signed_number("client file ident salt"));
  if (ident.client_file.salt == Salt{}) reader.fail("client file ident salt", "is 0");
  reader.end_head();
  return ident;
}

[[nodiscard]] Bytes write(const ServerIdent& ident) {
  return MessageWriter("ident")
      .field(ident.session)
      .field(ident.client_file.ident)
      .field(ident.client_file.salt)
      .message();
}

[[nodiscard]] FlexibleDownload read_flexible_download(MessageReader& reader,
                                                      ProtocolVersion version) {
  FlexibleDownload flexible;
  flexible.query_version = reader.id<QueryVersion>("query version");
  const std::uint64_t state = reader.number("batch state");
  if (state > static_cast<std::uint64_t>(BatchState::kSteadyState))
    reader.fail("batch state", "is none of the three");
  else
    flexible.batch_state = static_cast<BatchState>(state);
  if (version >= since::kProgressEstimate)
    flexible.estimate = ProgressEstimate(reader.fraction("progress estimate"));
  else
    static_cast<void>(reader.number("downloadable bytes"));
  return flexible;
}

[[nodiscard]] BodySizes read_head(MessageReader& reader,
                                  SubProtocol subprotocol,
                                  Download& download) {
  download.session = read_session(reader);
  download.download.server_version = reader.id<ServerVersion>("download server version");
  download.download.client_version = reader.id<ClientVersion>("download client version");
  download.latest_server_version.version = reader.id<ServerVersion>("latest server version");
  download.latest_server_version.salt = Salt(reader.signed_number("latest server version salt"));
  download.upload.client_version = reader.id<ClientVersion>("upload client version");
  download.upload.server_version = reader.id<ServerVersion>("upload server version");
  if (subprotocol.mode == SyncMode::kFlexible)
    download.remainder = read_flexible_download(reader, subprotocol.version);
  else
    download.remainder = PartitionDownload{reader.number("downloadable bytes")};
  const BodySizes sizes = read_body_sizes(reader);
  reader.end_head();
  return sizes;
}

[[nodiscard]] ServerMessage read_download(MessageReader& reader, SubProtocol subprotocol) {
  Download download;
  const BodySizes sizes = read_head(reader, subprotocol, download);
  download.body = read_body(reader, sizes);
  return download;
}

[[nodiscard]] MessageWriter write_head(const Download& download, ProtocolVersion version) {
  MessageWriter writer("download");
  writer.field(download.session)
      .field(download.download.server_version)
      .field(download.download.client_version)
      .field(download.latest_server_version.version)
      .field(download.latest_server_version.salt)
      .field(download.upload.client_version)
      .field(download.upload.server_version);
  if (const auto* flexible = std::get_if<FlexibleDownload>(&download.remainder)) {
    writer.field(flexible->query_version).field(static_cast<int>(flexible->batch_state));
    if (version >= since::kProgressEstimate)
      writer.fraction(flexible->estimate.value());
    else
      writer.field(0);
  } else {
    writer.field(std::get<PartitionDownload>(download.remainder).downloadable_bytes);
  }
  write_body_sizes(writer, download.body);
  return writer;
}

[[nodiscard]] Bytes write(const Download& download, ProtocolVersion version) {
  return write_head(download, version).message(download.body.wire_bytes);
}

[[nodiscard]] ServerMessage read_server_mark(MessageReader& reader, SubProtocol) {
  return read_mark(reader);
}

[[nodiscard]] ServerMessage read_unbound(MessageReader& reader, SubProtocol) {
  const Unbound unbound{read_session(reader)};
  reader.end_head();
  return unbound;
}

[[nodiscard]] Bytes write(const Unbound& unbound) {
  return MessageWriter("unbound").field(unbound.session).message();
}

/// Session 0 takes the codes of the connection; any other takes those of a session and numbers that
/// nobody knows.
void check_error_level(MessageReader& reader, SyncErrorCode code, SessionIdent session) {
  const bool is_connection_code =
      error_level(code) == ErrorLevel::kConnection && find_sync_error(code) != nullptr;
  if (is_connection_code != (session == SessionIdent{}))
    reader.fail("error code", "does not belong to its level");
}

[[nodiscard]] ServerMessage read_legacy_error(MessageReader& reader, SubProtocol) {
  LegacyError error;
  error.code = read_error_code(reader);
  const std::size_t size = read_text_size(reader, "message size");
  error.try_again = reader.flag("try again");
  error.session = read_session(reader);
  check_error_level(reader, error.code, error.session);
  reader.end_head();
  error.message = reader.text("message", size);
  return error;
}

[[nodiscard]] Bytes write(const LegacyError& error) {
  return MessageWriter("error")
      .field(static_cast<std::int32_t>(error.code))
      .field(error.message.size())
      .field(int{error.try_again})
      .field(error.session)
      .message(error.message);
}

[[nodiscard]] ServerMessage read_server_error(MessageReader& reader, SubProtocol) {
  ServerError error;
  error.code = read_error_code(reader);
  const std::size_t size = read_text_size(reader, "message size");
  error.session = read_session(reader);
  check_error_level(reader, error.code, error.session);
  reader.end_head();
  read_json_body(reader, size, error);
  return error;
}

[[nodiscard]] Bytes write(const ServerError& error) {
  const std::string json = write_json(error);
  return MessageWriter("json_error")
      .field(static_cast<std::int32_t>(error.code))
      .field(json.size())
      .field(error.session)
      .message(std::string_view(json));
}

[[nodiscard]] ServerMessage read_query_error(MessageReader& reader, SubProtocol) {
  QueryError error;
  error.code = read_error_code(reader);
  const std::size_t size = read_text_size(reader, "message size");
  error.session = read_session(reader);
  error.query_version = reader.id<QueryVersion>("query version");
  reader.end_head();
  error.message = reader.text("message", size);
  return error;
}

[[nodiscard]] Bytes write(const QueryError& error) {
  return MessageWriter("query_error")
      .field(static_cast<std::int32_t>(error.code))
      .field(error.message.size())
      .field(error.session)
      .field(error.query_version)
      .message(error.message);
}

[[nodiscard]] ServerMessage read_log_message(MessageReader& reader, SubProtocol) {
  LogMessage message;
  message.session = read_session(reader);
  const std::size_t size = read_text_size(reader, "size");
  reader.end_head();
  read_json_body(reader, size, message);
  return message;
}

[[nodiscard]] Bytes write(const LogMessage& message, ProtocolVersion version) {
  TOMBOLO_ASSERT(version >= since::kLogMessage);
  const std::string json = write_json(message);
  return MessageWriter("log_message")
      .field(message.session)
      .field(json.size())
      .message(std::string_view(json));
}

[[nodiscard]] ServerMessage read_pong(MessageReader& reader, SubProtocol) {
  const Pong pong{std::chrono::milliseconds(reader.signed_number("timestamp"))};
  reader.end_head();
  return pong;
}

[[nodiscard]] Bytes write(const Pong& pong) {
  return MessageWriter("pong").field(pong.timestamp.count()).message();
}

[[nodiscard]] ServerMessage read_server_test_command(MessageReader& reader, SubProtocol) {
  return read_test_command(reader);
}

// Names.

/// A message of one direction: what parses it, and which connections speak it.
template <typename Message>
struct Parser {
  std::string_view name;
  Message (*read)(MessageReader&, SubProtocol);
  bool is_flexible_only = false;
  ProtocolVersion since = kProtocolVersionMin;
};

/// In the order of the variant's alternatives.
constexpr std::array<Parser<ClientMessage>, 9> kClientParsers{{
    {"bind", read_bind},
    {"ident", read_client_ident},
    {"query", read_query, true},
    {"upload", read_upload},
    {"mark", read_client_mark},
    {"unbind", read_unbind},
    {"json_error", read_client_error},
    {"ping", read_ping},
    {"test_command", read_client_test_command},
}};
static_assert(kClientParsers.size() == std::variant_size_v<ClientMessage>);

/// In the order of the variant's alternatives.
constexpr std::array<Parser<ServerMessage>, 10> kServerParsers{{
    {"ident", read_server_ident},
    {"download", read_download},
    {"mark", read_server_mark},
    {"unbound", read_unbound},
    {"error", read_legacy_error},
    {"json_error", read_server_error},
    {"query_error", read_query_error, true},
    {"log_message", read_log_message, false, since::kLogMessage},
    {"pong", read_pong},
    {"test_command", read_server_test_command},
}};
static_assert(kServerParsers.size() == std::variant_size_v<ServerMessage>);

template <typename Message, std::size_t kCount>
[[nodiscard]] Result<Message> parse(const std::array<Parser<Message>, kCount>& parsers,
                                    BytesView bytes,
                                    SubProtocol subprotocol) {
  MessageReader reader(bytes);
  const auto parser = std::ranges::find(parsers, reader.name(), &Parser<Message>::name);
  const bool is_spoken = parser != parsers.end() && subprotocol.version >= parser->since &&
                         (!parser->is_flexible_only || subprotocol.mode == SyncMode::kFlexible);
  if (!is_spoken)
    return bad_message(SyncErrorCode::kUnknownMessage,
                       reader.name(),
                       "no message is named \"" + std::string(reader.name()) + "\" (byte 0)");
  Message message = parser->read(reader, subprotocol);
  reader.end_message();
  if (reader.error()) return *reader.error();
  return message;
}

}  // namespace

Result<ClientMessage> parse_client_message(BytesView bytes, SubProtocol subprotocol) {
  return parse(kClientParsers, bytes, subprotocol);
}

Result<ServerMessage> parse_server_message(BytesView bytes, SubProtocol subprotocol) {
  return parse(kServerParsers, bytes, subprotocol);
}

Bytes encode_client_message(const ClientMessage& message) {
  return std::visit([](const auto& alternative) { return write(alternative); }, message);
}

Bytes encode_server_message(const ServerMessage& message, ProtocolVersion version) {
  return std::visit(
      [version](const auto& alternative) {
        using Alternative = std::decay_t<decltype(alternative)>;
        if constexpr (std::is_same_v<Alternative, Download> ||
                      std::is_same_v<Alternative, LogMessage>)
          return write(alternative, version);
        else
          return write(alternative);
      },
      message);
}

std::optional<DownloadHead> find_download_head(BytesView so_far, SubProtocol subprotocol) {
  MessageReader reader(so_far);
  if (reader.name() != "download") return std::nullopt;
  Download download;
  const BodySizes sizes = read_head(reader, subprotocol, download);
  if (reader.has_failed()) return std::nullopt;
  const auto* partition = std::get_if<PartitionDownload>(&download.remainder);
  return DownloadHead{
      .session = download.session,
      .downloadable_bytes = partition != nullptr ? partition->downloadable_bytes : 0,
      .body_bytes = sizes.uncompressed,
      .message_bytes = as_text(so_far).find('\n') + 1 + sizes.on_the_wire(),
  };
}

Bytes encode_head(const Upload& message) {
  return write_head(message).head();
}

Bytes encode_head(const Download& message, ProtocolVersion version) {
  return write_head(message, version).head();
}

std::string_view message_name(const ClientMessage& message) noexcept {
  return kClientParsers[message.index()].name;
}

std::string_view message_name(const ServerMessage& message) noexcept {
  return kServerParsers[message.index()].name;
}

ServerError make_server_error(SyncErrorCode code, SessionIdent session, std::string message) {
  const SyncErrorInfo* info = find_sync_error(code);
  TOMBOLO_ASSERT(info != nullptr && info->sender == ErrorSender::kServer);
  TOMBOLO_ASSERT((error_level(code) == ErrorLevel::kConnection) == (session == SessionIdent{}));
  ServerError error;
  error.session = session;
  error.code = code;
  error.message = std::move(message);
  error.action = info->action;
  error.try_again = info->try_again;
  error.should_client_reset = is_client_reset(info->action);
  error.is_recovery_mode_disabled = info->action == Action::kClientResetNoRecovery;
  return error;
}

}  // namespace tombolo::protocol
