// SPDX-License-Identifier: Apache-2.0
#include "sim/hw/clock.h"
