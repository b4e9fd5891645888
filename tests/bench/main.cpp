// SPDX-License-Identifier: Apache-2.0
#include <benchmark/benchmark.h>
#include <systemc>

namespace heddle::bench {
void register_bit_true();
}

// SystemC provides main(), which calls this.
int sc_main(int argc, char* argv[]) {
  heddle::bench::register_bit_true();
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
