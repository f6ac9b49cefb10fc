#pragma once

#include <filesystem>
#include <memory>

namespace tombolo::net {

/// What a server shows its clients.
struct TlsServerFiles {
  std::filesystem::path certificate;  ///< PEM, the server's own first, then the chain.
  std::filesystem::path private_key;  ///< PEM, without a passphrase.
};

struct TlsClientOptions {
  bool verify_peer = true;        ///< Off: any certificate passes. For development only.
  std::filesystem::path ca_file;  ///< PEM; empty: the system's store.
};

/// Certificates and settings of one side, read once and shared by its connections. TLS 1.2 is the
/// oldest version spoken.
///
/// Thread:  immutable; callable from any thread.
class TlsContext {
 public:
  /// Errors:  throws `Error{kTlsFailure}` that names the file that cannot be used.
  [[nodiscard]] static std::shared_ptr<const TlsContext> for_server(const TlsServerFiles& files);
  [[nodiscard]] static std::shared_ptr<const TlsContext> for_client(
      const TlsClientOptions& options);

  struct Impl;
  explicit TlsContext(std::unique_ptr<Impl> impl) noexcept;  ///< For net/ alone.
  ~TlsContext();
  [[nodiscard]] const Impl& impl() const noexcept { return *impl_; }  ///< For net/ alone.

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace tombolo::net
