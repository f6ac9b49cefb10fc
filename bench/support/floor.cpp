#include "bench/support/floor.h"

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <thread>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tombolo::bench {
namespace {

constexpr std::size_t kRecordBytes = 200;   // About a changeset of one object.
constexpr std::size_t kMessageBytes = 250;  // And the message that carries it.

void check(bool is_good, const char* what) {
  if (!is_good) throw std::runtime_error(std::string(what) + " failed");
}

void send_at_once(int socket) {
  const int on = 1;
  check(setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "setsockopt");
}

/// False at the end of the stream.
bool receive_all(int socket, std::array<char, kMessageBytes>& message) {
  return recv(socket, message.data(), message.size(), MSG_WAITALL) ==
         static_cast<ssize_t>(message.size());
}

void send_all(int socket, const std::array<char, kMessageBytes>& message) {
  check(send(socket, message.data(), message.size(), 0) == static_cast<ssize_t>(message.size()),
        "send");
}

}  // namespace

CommitFloor::CommitFloor(const std::filesystem::path& directory, int files) {
  for (int i = 0; i < files; ++i) {
    File file;
    check(mdb_env_create(&file.environment) == 0, "mdb_env_create");
    check(mdb_env_set_mapsize(file.environment, std::size_t{1} << 30) == 0, "mdb_env_set_mapsize");
    const std::string path = (directory / ("floor-" + std::to_string(i))).string();
    check(mdb_env_open(file.environment, path.c_str(), MDB_NOSUBDIR | MDB_NOTLS, 0644) == 0,
          "mdb_env_open");
    MDB_txn* transaction = nullptr;
    check(mdb_txn_begin(file.environment, nullptr, 0, &transaction) == 0, "mdb_txn_begin");
    check(mdb_dbi_open(transaction, nullptr, 0, &file.table) == 0, "mdb_dbi_open");
    check(mdb_txn_commit(transaction) == 0, "mdb_txn_commit");
    files_.push_back(file);
  }
}

CommitFloor::~CommitFloor() {
  for (const File& file : files_) mdb_env_close(file.environment);
}

void CommitFloor::commit_each() {
  ++next_key_;
  std::array<char, kRecordBytes> record{};
  for (const File& file : files_) {
    MDB_txn* transaction = nullptr;
    check(mdb_txn_begin(file.environment, nullptr, 0, &transaction) == 0, "mdb_txn_begin");
    MDB_val key{sizeof next_key_, &next_key_};
    MDB_val value{record.size(), record.data()};
    check(mdb_put(transaction, file.table, &key, &value, 0) == 0, "mdb_put");
    check(mdb_txn_commit(transaction) == 0, "mdb_txn_commit");
  }
}

/// The far end.
class LoopbackFloor::Echo {
 public:
  Echo() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    check(listener_ >= 0, "socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    check(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
    check(listen(listener_, 1) == 0, "listen");
    thread_ = std::thread([this] {
      const int peer = accept(listener_, nullptr, nullptr);
      check(peer >= 0, "accept");
      send_at_once(peer);
      std::array<char, kMessageBytes> message{};
      while (receive_all(peer, message)) send_all(peer, message);
      close(peer);
    });
  }
  ~Echo() {
    thread_.join();
    close(listener_);
  }

  [[nodiscard]] sockaddr_in address() const {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    check(getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0, "getsockname");
    return address;
  }

 private:
  int listener_;
  std::thread thread_;
};

LoopbackFloor::LoopbackFloor()
    : echo_(std::make_unique<Echo>()),
      socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const sockaddr_in address = echo_->address();
  check(connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
        "connect");
  send_at_once(socket_);
}

LoopbackFloor::~LoopbackFloor() {
  close(socket_);  // Ends the echo, which is waited for after this.
}

void LoopbackFloor::round_trip() {
  std::array<char, kMessageBytes> message{};
  send_all(socket_, message);
  check(receive_all(socket_, message), "recv");
}

}  // namespace tombolo::bench
