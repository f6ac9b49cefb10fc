// How fast do two histories merge, and in how much memory? Rates count the instructions of both
// sides. Changesets hold ten instructions unless a row says otherwise.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>

#include <malloc.h>

#include "base/assertion.h"
#include "bench/merge_workloads.h"
#include "bench/returning_client.h"
#include "bench/support/bench_rows.h"
#include "merge/every_pair.h"
#include "merge/window.h"

namespace {

/// What is allocated while `is_counting`; the merge has one thread.
struct HeapMeter {
  bool is_counting = false;
  std::size_t bytes = 0;
  std::size_t peak_bytes = 0;

  void add(void* block) {
    if (!is_counting) return;
    bytes += malloc_usable_size(block);
    peak_bytes = std::max(peak_bytes, bytes);
  }
} heap;

}  // namespace

void* operator new(std::size_t bytes) {
  void* const block = std::malloc(bytes);
  if (block == nullptr) throw std::bad_alloc();
  heap.add(block);
  return block;
}
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  const auto align = static_cast<std::size_t>(alignment);
  void* const block = std::aligned_alloc(align, (bytes + align - 1) / align * align);
  if (block == nullptr) throw std::bad_alloc();
  heap.add(block);
  return block;
}
void operator delete(void* block) noexcept {
  if (heap.is_counting && block != nullptr) heap.bytes -= malloc_usable_size(block);
  std::free(block);
}
void operator delete(void* block, std::size_t) noexcept {
  operator delete(block);
}
void operator delete(void* block, std::align_val_t) noexcept {
  operator delete(block);
}

namespace tombolo::bench {
namespace {

using MakeSides = std::function<Sides(Amount, Order)>;

constexpr std::size_t kLong = 100'000;

void merge_all(const Sides& sides) {
  static_cast<void>(merge::merge(sides.local.entries(), sides.incoming.entries()).value());
}

void merge_pair_by_pair(const Sides& sides) {
  static_cast<void>(
      merge::merge_every_pair(sides.local.entries(), sides.incoming.entries()).value());
}

/// As a server integrates what a client brings: the history that the client has not seen is the
/// local side, and reciprocals come out.
void integrate_all(const Sides& sides) {
  merge::Window<ServerVersion> window;
  ServerVersion version;
  for (const merge::Entry& entry : sides.incoming.entries()) {
    version = version.next();
    window.add(version, entry);
  }
  std::vector<merge::Incoming<ServerVersion>> batch;
  for (const merge::Entry& entry : sides.local.entries()) batch.push_back({{}, entry});
  static_cast<void>(window.integrate(batch).value());
}

int rounds_for(std::size_t instructions) {
  return instructions <= 1'000 ? 301 : instructions <= 10'000 ? 51 : 9;
}

double instructions_per_second(const Sides& sides) {
  const double time = median_of(rounds_for(sides.local.instruction_count),
                                [&] { return seconds([&] { merge_all(sides); }); });
  return static_cast<double>(sides.instruction_count()) / time;
}

double heap_bytes_per_instruction(const Sides& sides) {
  merge::release_kept_memory();
  heap = {.is_counting = true};
  merge_all(sides);
  heap.is_counting = false;
  return static_cast<double>(heap.peak_bytes) / static_cast<double>(sides.instruction_count());
}

std::string in_thousands(std::size_t count) {
  return std::to_string(count / 1'000) + "k";
}

/// A rate that was promised at every length, the shape of the curve, and memory.
void measure_curve(Bench& bench, const std::string& name, const MakeSides& make, double rate_min) {
  if (!bench.selects(name)) return;
  double shortest = 0;
  double longest = 0;
  for (const std::size_t length : {std::size_t{1'000}, std::size_t{10'000}, kLong}) {
    const Sides sides = make({.instructions = length}, Order::kAscending);
    longest = instructions_per_second(sides);
    if (shortest == 0) shortest = longest;
    bench.row({.measure = name + ", " + in_thousands(length) + " a side",
               .ours = longest,
               .peer = rate_min,
               .unit = "instr/s",
               .target = 1.0});
    if (length < kLong) continue;
    bench.row({.measure = name + ", 100k beside 1k a side",
               .ours = longest,
               .peer = shortest,
               .unit = "instr/s",
               .target = {}});
    bench.row({.measure = name + ", 100k in random order beside in order",
               .ours = instructions_per_second(make({.instructions = length}, Order::kRandom)),
               .peer = longest,
               .unit = "instr/s",
               .target = {}});
    char memory[96];
    std::snprintf(memory,
                  sizeof memory,
                  "heap at the peak: %.0f bytes an instruction, the changesets have %.0f",
                  heap_bytes_per_instruction(sides),
                  static_cast<double>(sides.local.byte_count() + sides.incoming.byte_count()) /
                      static_cast<double>(sides.instruction_count()));
    bench.note(memory);
  }
}

/// A time that was promised.
void measure_time(Bench& bench,
                  const std::string& name,
                  double seconds_max,
                  const std::function<void()>& work) {
  if (!bench.selects(name)) return;
  bench.row({.measure = name,
             .ours = median_of(5, [&] { return seconds(work); }),
             .peer = seconds_max,
             .unit = "s",
             .target = 1.0,
             .better = Better::kLess});
}

void measure_list(Bench& bench, std::uint32_t base_size) {
  const std::string name = "inserts in a list of " + std::to_string(base_size) + ", 10k a side";
  if (!bench.selects(name)) return;
  const Sides sides = list_insertions({.instructions = 10'000}, base_size);
  measure_time(bench, name, 1.0, [&] { merge_all(sides); });
}

void measure_list_beside_pairs(Bench& bench) {
  const std::string name = "inserts in a list, 3k a side, beside pair by pair";
  if (!bench.selects(name)) return;
  const Sides sides = list_insertions({.instructions = 3'000}, 1'000);
  const Medians times = medians(
      3,
      [&] { return seconds([&] { merge_all(sides); }); },
      [&] { return seconds([&] { merge_pair_by_pair(sides); }); });
  bench.row({.measure = name,
             .ours = times.ours,
             .peer = times.peer,
             .unit = "s",
             .target = 0.1,
             .better = Better::kLess});
}

void measure_return(Bench& bench, std::size_t per_changeset) {
  const std::string name =
      "100k changes come back to 100k, " + std::to_string(per_changeset) + " a changeset";
  if (!bench.selects(name)) return;
  const Sides sides = mixed_work({.instructions = kLong, .per_changeset = per_changeset});
  measure_time(bench, name, 0.5, [&] { integrate_all(sides); });
}

/// Time that grows with the product of what both sides did would be a tenth of the rate.
void measure_returning_client(Bench& bench) {
  const std::string name = "20k commits come back to 20k at a server, beside 2k to 2k";
  if (!bench.selects(name)) return;
  constexpr std::size_t kMany = 20'000;
  constexpr std::size_t kFew = 2'000;
  const Medians rates = medians(
      3,
      [] { return static_cast<double>(kMany) / returning_client_seconds(kMany); },
      [] { return static_cast<double>(kFew) / returning_client_seconds(kFew); });
  bench.row({.measure = name,
             .ours = rates.ours,
             .peer = rates.peer,
             .unit = "commits/s",
             .target = 0.5});
}

void run(Bench& bench) {
  measure_curve(bench, "disjoint objects", disjoint_objects, 8e6);
  measure_curve(bench, "same objects, different properties", different_properties, 6e6);
  measure_curve(bench, "same property of the same objects", same_property, 4e6);
  for (const std::uint32_t base_size : {0U, 1'000U, 100'000U}) measure_list(bench, base_size);
  measure_list_beside_pairs(bench);
  for (const std::size_t per_changeset : {1U, 10U, 1'000U}) measure_return(bench, per_changeset);
  measure_returning_client(bench);
}

}  // namespace
}  // namespace tombolo::bench

int main(int argc, char** argv) {
  tombolo::bench::Bench bench(argc, argv);
  tombolo::bench::run(bench);
  return bench.finish();
}
