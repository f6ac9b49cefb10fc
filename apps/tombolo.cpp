/// The `tombolo` program.

#include <algorithm>
#include <csignal>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <tuple>
#include <utility>

#include <CLI/CLI.hpp>

#include "base/clock.h"
#include "base/error.h"
#include "base/logging.h"
#include "server/history_trimming.h"
#include "server/server.h"

namespace {

using namespace tombolo;

/// Durations on the command line: a number and one of these.
const std::map<std::string, std::uint64_t> kMillisecondsOf = {
    {"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};

struct ServeArguments {
  std::string data;
  std::string listen = "127.0.0.1:9090";
  std::string tls_certificate;
  std::string tls_key;
  bool is_development = false;
  std::optional<std::uint64_t> max_offline_ms;
  bool is_verbose = false;
};

struct TrimArguments {
  std::string data;
  std::uint64_t max_offline_ms = 0;
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
  if (arguments.max_offline_ms)
    options.max_offline = std::chrono::milliseconds(*arguments.max_offline_ms);
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

int trim(const TrimArguments& arguments) {
  const auto logger = make_stderr_logger(LogLevel::kInfo);
  server::trim_data_directory(arguments.data,
                              std::chrono::milliseconds(arguments.max_offline_ms),
                              *logger,
                              [](const server::TrimmedHistory& trimmed) {
                                std::cout << trimmed.partition << ": up to version "
                                          << trimmed.up_to.value() << ", " << trimmed.entries_before
                                          << " entries of " << trimmed.bytes_before
                                          << " bytes became " << trimmed.entries_after << " of "
                                          << trimmed.bytes_after << std::endl;
                              });
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
  const CLI::AsNumberWithUnit duration(
      kMillisecondsOf, CLI::AsNumberWithUnit::UNIT_REQUIRED, "DURATION");
  serve_command
      .add_option("--max-offline",
                  arguments.max_offline_ms,
                  "Trim histories; who was away for longer (30d, 12h) is reset")
      ->transform(duration);
  serve_command.add_flag("--verbose", arguments.is_verbose, "Log each connection");

  TrimArguments trim_arguments;
  CLI::App& trim_command =
      *app.add_subcommand("trim", "Trim the histories of a server that does not run");
  trim_command.add_option("--data", trim_arguments.data, "Data directory")->required();
  trim_command
      .add_option("--max-offline",
                  trim_arguments.max_offline_ms,
                  "Who was away for longer (30d, 12h, 0s) is reset when it comes back")
      ->transform(duration)
      ->required();
  CLI11_PARSE(app, argc, argv);

  try {
    return trim_command.parsed() ? trim(trim_arguments) : serve(arguments);
  } catch (const Error& error) {
    std::cerr << "tombolo: " << error.describe() << std::endl;
    return 1;
  }
}
