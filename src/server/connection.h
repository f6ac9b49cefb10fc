#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "protocol/message.h"
#include "protocol/version.h"
#include "server/session.h"

namespace tombolo::server {

/// What names a partition in a BIND.
enum class PartitionSyntax : std::uint8_t {
  kValue,  ///< Canonical Extended JSON of the partition value: what SDKs send.
  kPath,   ///< A path, as the sync engine's own test programs send it; development only.
};

/// A client that is let in only to be told why it has to leave: browsers hide the status of a
/// refused upgrade.
struct ConnectionRefusal {
  std::uint16_t code = 0;
  std::string reason;
  TimePoint at;  ///< Later than at once for clients that would be back at once.
};

struct ConnectionOptions {
  protocol::SubProtocol subprotocol;
  std::string user_id;        ///< Whose token opened the connection.
  std::string connection_id;  ///< Told to the client, which adds it to its log lines.
  PartitionSyntax partition_syntax = PartitionSyntax::kValue;
  /// When the token that opened the connection runs out; the client comes back with a new one.
  std::optional<TimePoint> token_expires;
  std::optional<ConnectionRefusal> refusal;

  /// A connection from which nothing came for so long is dead: clients ping every minute.
  Duration silence_max = std::chrono::minutes(5);
  /// Upload bytes of this connection that wait for integration before reading pauses.
  std::size_t waiting_bytes_max = std::size_t{16} << 20;
  std::size_t sessions_max = 20'000;
  /// Downloads that are built ahead of the socket, over all sessions.
  std::size_t downloads_ahead_max = 4;
};

/// The server's half of one connection with all its sessions, as a state machine with no socket,
/// clock, thread or storage.
///
///     client messages -- receive() --->  +------------+  -- next_effect()  --> work for the driver
///     driver's answers - identified()->  | Connection |  -- take_message() --> bytes for the
///     socket time ------------- advance() --->  +------------+  -- deadline()     --> when to
///     advance()
///
/// Messages are built when the socket can take them: PONG first, then the sessions in turn, one
/// message each, then log messages. Nothing is acknowledged that the driver has not reported
/// durable.
///
/// Thread:  one strand owns the connection; no call blocks.
/// Errors:  client input never throws and never asserts; it is answered with JSON_ERROR or, where
///          the protocol has no code that clients survive, with a close code.
/// Source:  docs/protocol.md, "Sessions"; docs/server.md.
class Connection {
 public:
  Connection(ConnectionOptions options, TimePoint now);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// One whole WebSocket message.
  void receive(Bytes message, TimePoint now);
  void advance(TimePoint now);

  void client_file_allocated(SessionKey session, Result<protocol::SaltedFileIdent> client_file);

  /// `integrated`: of a file that is known and cannot go on; see `find_integrated`.
  void identified(SessionKey session,
                  Result<IdentifiedFile> identity,
                  std::optional<ClientVersion> integrated = std::nullopt);
  void integrated(SessionKey session, std::size_t bytes, Result<IntegratedUpload> outcome);
  void download_built(SessionKey session, Result<DownloadAnswer> download);
  /// The history of the session's server file has grown. Whoever integrates an upload reports this
  /// to every session before it reports `integrated` to the uploader: then a barrier that a client
  /// asks for after another client's upload was acknowledged covers that upload.
  void history_advanced(SessionKey session, ServerVersion history_end);

  /// Tells the client to come back, then closes: the server stops.
  void shut_down();
  /// Closes with a code of the protocol's, for example 4001 when the token expired.
  void close(std::uint16_t code, std::string reason);
  /// The stream has ended. What is left to do comes as effects.
  void disconnected();

  [[nodiscard]] std::optional<Effect> next_effect();
  /// The next message; to be asked for when the socket can take one. Effects may follow from it.
  [[nodiscard]] std::optional<OutgoingMessage> take_message();
  /// False while so many upload bytes wait that no more should be read.
  [[nodiscard]] bool wants_input() const noexcept;
  [[nodiscard]] std::optional<TimePoint> deadline() const noexcept;
  [[nodiscard]] std::size_t session_count() const noexcept { return sessions_.size(); }

 private:
  enum class Phase : std::uint8_t { kRefused, kOpen, kSendError, kClosed };

  void on_message(Bytes bytes);
  void on_bind(const protocol::Bind& bind);
  void on_session_message(SessionIdent ident,
                          const protocol::ClientMessage& message,
                          std::shared_ptr<const Bytes> bytes);
  void fail(const Error& error);
  void fail(protocol::SyncErrorCode code, std::string message);
  void end_sessions();
  void erase(SessionIdent ident);
  [[nodiscard]] Session* find(SessionKey key) noexcept;
  /// Gives the session its place among those that want to send or to build, after any change of it.
  void enlist(Session& session);
  void build_downloads();

  ConnectionOptions options_;
  Phase phase_ = Phase::kOpen;
  TimePoint last_received_;
  std::optional<protocol::ServerError> error_;
  std::optional<protocol::Pong> pong_;
  std::list<protocol::LogMessage> log_messages_;
  std::unordered_map<SessionIdent, Session> sessions_;
  std::list<SessionKey> ready_;           ///< Sessions that have a message, in turn.
  std::list<SessionKey> download_queue_;  ///< Sessions that want a download, in turn.
  std::size_t downloads_ahead_ = 0;       ///< Asked for or built, and not taken.
  std::size_t waiting_bytes_ = 0;         ///< Uploads that wait for integration or identification.
  std::uint64_t next_binding_ = 1;
  /// A session that unbinds while its client file is being identified. Until that is done nobody
  /// knows what to release, so what follows waits: it may bind the same file again.
  std::optional<SessionKey> leaving_;
  std::vector<Bytes> held_back_;
  SessionWork work_;
};

}  // namespace tombolo::server
