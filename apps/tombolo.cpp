/// The `tombolo` program.

#include <csignal>
#include <iostream>
#include <string>
#include <thread>
#include <tuple>
#include <utility>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/clock.h"
#include "base/error.h"
#include "base/logging.h"
#include "server/server.h"

namespace {

using namespace tombolo;

struct ServeArguments {
  std::string data;
  std::string listen = "127.0.0.1:9090";
  std::string tls_certificate;
  std::string tls_key;
  bool is_development = false;
  bool is_verbose = false;
};

/// "host:port", where the host may be an IPv6 address in brackets.
std::pair<std::string, std::uint16_t> parse_listen(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  std::string host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  const std::string digits = colon == std::string::npos ? "" : text.substr(colon + 1);
  unsigned port = 0;
  if (host.empty() || !CLI::detail::lexical_cast(digits, port) || port > 65'535) {
    throw Error(ErrorCode::kInvalidArgument, "--listen takes HOST:PORT, not " + text);
  }
  return {host, static_cast<std::uint16_t>(port)};
}

server::ServerOptions to_options(const ServeArguments& arguments) {
  if (!arguments.is_development) {
    throw Error(ErrorCode::kInvalidArgument, "there is no app to serve: --dev serves one");
  }
  server::ServerOptions options;
  options.data_directory = arguments.data;
  std::tie(options.host, options.port) = parse_listen(arguments.listen);
  options.app = server::make_dev_app_config();
  options.serves_bare_path = arguments.is_development;
  options.io_thread_count = std::max(2U, std::thread::hardware_concurrency());
  if (!arguments.tls_certificate.empty()) {
    options.tls = net::TlsServerFiles{arguments.tls_certificate, arguments.tls_key};
  }
  return options;
}

/// Serves until SIGTERM or SIGINT.
int serve(const ServeArguments& arguments) {
  // Blocked before any thread exists, so that all inherit it and the signal waits for `sigwait`.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  // A file that may not grow further fails the write, as a full disk does, and not the process.
  std::signal(SIGXFSZ, SIG_IGN);

  const auto logger = make_stderr_logger(arguments.is_verbose ? LogLevel::kDebug : LogLevel::kInfo);
  server::Server server(to_options(arguments), *logger, system_clock());
  std::cout << "listening on " << server.url() << std::endl;

  int signal = 0;
  sigwait(&signals, &signal);
  server.stop();
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Tombolo: offline-first sync");
  app.require_subcommand(1);

  ServeArguments arguments;
  CLI::App& serve_command = *app.add_subcommand("serve", "Serve sync and the client API");
  serve_command.add_option("--data", arguments.data, "Data directory; created when absent")
      ->required();
  serve_command.add_option("--listen", arguments.listen, "HOST:PORT; port 0 takes any free one")
      ->capture_default_str();
  serve_command.add_flag("--dev",
                         arguments.is_development,
                         "Serve the app `dev`: anyone may register and use every partition");
  auto* const certificate = serve_command.add_option(
      "--tls-cert", arguments.tls_certificate, "Certificate chain (PEM); serves https and wss");
  auto* const key = serve_command.add_option("--tls-key", arguments.tls_key, "Its private key");
  certificate->needs(key);
  key->needs(certificate);
  serve_command.add_flag("--verbose", arguments.is_verbose, "Log each connection");
  CLI11_PARSE(app, argc, argv);

  try {
    return serve(arguments);
  } catch (const Error& error) {
    std::cerr << "tombolo: " << error.describe() << std::endl;
    return 1;
  }
}
