#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "server/connection_port.h"
#include "server/history_position.h"

namespace tombolo::server {

/// Which session speaks for which client file right now, over all connections: whom to tell that a
/// history has grown, and whom to displace when the same file turns up again.
///
/// Thread:  callable from any thread; no lock is held while a port is called.
class LiveSessions {
 public:
  /// What it means that a client file is spoken for already.
  enum class Attached : std::uint8_t {
    kAlone,      ///< Nobody else did, or another connection did, which has been closed.
    kBoundHere,  ///< Another session of the same connection does; nothing was changed.
  };

  /// A connection that goes on speaking for the file elsewhere is taken for dead and closed.
  [[nodiscard]] Attached attach(ServerFileId file,
                                ClientFileIdent client_file,
                                const std::shared_ptr<ConnectionPort>& port,
                                SessionKey session);
  /// Client files that are spoken for.
  [[nodiscard]] std::set<ClientFileIdent> bound_clients(ServerFileId file) const;
  /// Client files that were spoken for at some time since the last call.
  [[nodiscard]] std::set<std::pair<ServerFileId, ClientFileIdent>> take_seen();

  void detach(ServerFileId file, ClientFileIdent client_file, const ConnectionPort& port);

  /// Tells all sessions of `file`. Growth without content is told when it has come to
  /// `kVersionsHeldBackMax` versions since they were told last.
  void history_advanced(ServerFileId file, HistoryGrowth growth);

 private:
  struct Place {
    std::weak_ptr<ConnectionPort> port;
    SessionKey session;
  };

  struct OfFile {
    std::map<ClientFileIdent, Place> places;
    ServerVersion told;  ///< How far the history went when all were told last.
  };

  mutable std::mutex mutex_;  // Guards the members below.
  std::map<ServerFileId, OfFile> files_;
  std::set<std::pair<ServerFileId, ClientFileIdent>> seen_;  ///< And gone since the last call.
};

}  // namespace tombolo::server
