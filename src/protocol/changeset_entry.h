#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/strong_id.h"

/// The entries of UPLOAD and DOWNLOAD bodies. Each is a head of decimal numbers, every one followed
/// by a space, and the changeset's bytes; entries follow each other without separator:
///
///   upload-entry   = client-version server-version timestamp origin size changeset
///   download-entry = server-version client-version timestamp origin original-size size changeset
///
/// Source: docs/protocol.md, "Changeset entries".
namespace tombolo::protocol {

/// One local commit of a client.
struct UploadEntry {
  ClientVersion client_version;      ///< The commit that the changeset made.
  ServerVersion server_version;      ///< Last server version integrated before it: its causal base.
  OriginTimestamp origin_timestamp;  ///< When it was committed, on the client's clock.
  ClientFileIdent origin_file_ident;  ///< 0 = the uploading client file itself.
  BytesView changeset;                ///< Views the body.
};

/// One entry of the server's history.
struct DownloadEntry {
  ServerVersion server_version;
  ClientVersion client_version;  ///< Last one integrated from the receiver before: the causal base.
  OriginTimestamp origin_timestamp;
  ClientFileIdent origin_file_ident;           ///< The author; never 0 nor the receiver.
  std::uint64_t original_changeset_bytes = 0;  ///< Size before compaction, for byte progress.
  BytesView changeset;                         ///< Views the body.
};

/// Appends an entry to an uncompressed body; the changeset is copied once, to its final place.
void append_entry(Bytes& body, const UploadEntry& entry);
void append_entry(Bytes& body, const DownloadEntry& entry);

/// Reads the entries of an uncompressed body one at a time, copying nothing. The body must outlive
/// the reader and its entries.
///
/// Errors:  `next` answers `kBadMessage` with code 111 for a broken entry head and 112 for a size
///          that reaches beyond the body, naming the byte offset. The reader is at its end after.
class UploadEntryReader {
 public:
  explicit UploadEntryReader(BytesView body) noexcept : body_(body) {}
  /// The next entry; nullopt at the end of the body.
  [[nodiscard]] Result<std::optional<UploadEntry>> next();

 private:
  BytesView body_;
  std::size_t offset_ = 0;
};

/// Like `UploadEntryReader`, for a DOWNLOAD body.
class DownloadEntryReader {
 public:
  explicit DownloadEntryReader(BytesView body) noexcept : body_(body) {}
  [[nodiscard]] Result<std::optional<DownloadEntry>> next();

 private:
  BytesView body_;
  std::size_t offset_ = 0;
};

/// All entries of an uncompressed body, or the first error; `kLimitExceeded` for an UPLOAD of more
/// than `kUploadEntriesMax`.
[[nodiscard]] Result<std::vector<UploadEntry>> parse_upload_entries(BytesView body);
[[nodiscard]] Result<std::vector<DownloadEntry>> parse_download_entries(BytesView body);

}  // namespace tombolo::protocol
