#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include <lmdb.h>

/// What nothing that syncs durably can be faster than, measured with LMDB and sockets alone.
namespace tombolo::bench {

/// Durable commits of one small record each, in files of their own.
class CommitFloor {
 public:
  CommitFloor(const std::filesystem::path& directory, int files);
  ~CommitFloor();
  CommitFloor(const CommitFloor&) = delete;
  CommitFloor& operator=(const CommitFloor&) = delete;

  /// One commit in each file, one after the other.
  void commit_each();

 private:
  struct File {
    MDB_env* environment = nullptr;
    MDB_dbi table = 0;
  };
  std::vector<File> files_;
  std::uint64_t next_key_ = 0;
};

/// A connection on loopback with a thread that sends everything back, without Nagle's delay.
class LoopbackFloor {
 public:
  LoopbackFloor();
  ~LoopbackFloor();
  LoopbackFloor(const LoopbackFloor&) = delete;
  LoopbackFloor& operator=(const LoopbackFloor&) = delete;

  /// A small message there and back.
  void round_trip();

 private:
  class Echo;
  std::unique_ptr<Echo> echo_;
  int socket_ = -1;
};

}  // namespace tombolo::bench
