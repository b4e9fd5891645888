// SPDX-License-Identifier: Apache-2.0
#include "models/laconic/hw/laconic_array.h"

#include <algorithm>
#include <string>

#include "models/laconic/kernel/lane_products.h"
#include "models/laconic/kernel/queue_array.h"

namespace heddle::models::laconic {

Element::Element(const sc_core::sc_module_name& name, LaconicArray& array, std::uint32_t tile,
                 std::uint32_t row, std::uint32_t column)
    : sc_module(name), edge("edge"), array_(array), tile_(tile), row_(row), column_(column) {
  SC_HAS_PROCESS(Element);
  SC_METHOD(tick);
  sensitive << edge;
  dont_initialize();
}

std::uint64_t Element::reset(arch::Composition parts) {
  parts_ = parts;
  lpes_.assign(parts.elements(), Lpe(array_.model_.params().array.pe_width));
  active_ = false;
  next_ = array_.fully_connected_ ? column_ : 0;
  skip_absent();
  completed.write(next_);
  return next_;
}

// Steps without a filter or a window cost nothing and wait for nothing.
void Element::skip_absent() {
  const std::uint64_t stride = array_.fully_connected_ ? array_.columns_ : 1;
  while (next_ < array_.total_ && !array_.is_present(*this, next_)) next_ += stride;
  next_ = std::min(next_, array_.total_);
}

void Element::tick() {
  if (!active_) {
    if (next_ >= array_.total_ || !array_.may_start(*this, next_)) return;
    load();
  }
  for (Lpe& lpe : lpes_) lpe.clock();
  if (!std::all_of(lpes_.begin(), lpes_.end(), [](const Lpe& lpe) { return lpe.done(); })) return;
  active_ = false;
  const bool window_ends =
      array_.fully_connected_ || array_.step_at(next_).step + 1 == array_.input_->mapping.steps;
  if (window_ends) hand_out();
  next_ += array_.fully_connected_ ? array_.columns_ : 1;
  skip_absent();
  completed.write(next_);
}

void Element::load() {
  const auto at = array_.step_at(next_);
  const arch::LayerInput& input = *array_.input_;
  const arch::FilterSet& set = input.mapping.passes[at.pass][tile_];
  filter_ = set.first_filter + row_;
  window_ = input.mapping.window_sets[at.window_set].first + (array_.fully_connected_ ? 0 : column_);
  const auto weights = input.weights->brick(filter_, at.step);
  const auto activations = input.activations->brick(
      workload::brick_index(*input.activations, input.lowered, set.group, window_, at.step));
  const Params& params = array_.model_.params();
  for (std::uint32_t p = 0; p < parts_.rows; ++p) {
    for (std::uint32_t q = 0; q < parts_.columns; ++q) {
      Lpe& lpe = lpes_[p * parts_.columns + q];
      if (array_.fully_connected_ || at.step == 0) lpe.clear();
      lpe.load(recode_brick(params.encoder, weights, {p, parts_.rows, params.array.pe_width}),
               recode_brick(params.encoder, activations, {q, parts_.columns, params.array.pe_width}));
    }
  }
  active_ = true;
  if (!array_.fully_connected_) return;
  array_.taken_ = next_ + 1;
  array_.brick_taken_.notify(sc_core::SC_ZERO_TIME);
}

// The parts' sums meet at their places.
void Element::hand_out() {
  std::int64_t sum = 0;
  for (std::uint32_t p = 0; p < parts_.rows; ++p) {
    for (std::uint32_t q = 0; q < parts_.columns; ++q) {
      sum += lpes_[p * parts_.columns + q].sum() *
             (std::int64_t{1} << ((p + q) * array_.model_.params().array.pe_width));
    }
  }
  array_.reducer_->add(filter_, window_, sum);
}

Gate::Gate(const sc_core::sc_module_name& name, std::vector<Element*> elements)
    : sc_module(name), elements_(std::move(elements)) {
  SC_HAS_PROCESS(Gate);
  SC_METHOD(update);
  for (const Element* element : elements_) sensitive << element->completed;
  dont_initialize();
}

void Gate::reset(std::uint64_t first, std::uint64_t depth, std::uint32_t rows, std::uint32_t columns) {
  depth_ = depth;
  in_use_.clear();
  for (Element* element : elements_) {
    if (element->row() < rows && element->column() < columns) in_use_.push_back(element);
  }
  available.write(depth == kOpen ? kOpen : first + depth);
}

void Gate::update() {
  if (depth_ == kOpen || in_use_.empty()) return;
  std::uint64_t slowest = kOpen - depth_;
  for (const Element* element : in_use_) slowest = std::min(slowest, element->completed.read());
  available.write(slowest + depth_);
}

LaconicArray::LaconicArray(const sc_core::sc_module_name& name, const Laconic& model)
    : BitTrueArray(name), model_(model), shape_(model.shape()), brick_taken_("brick_taken") {
  for (std::uint32_t t = 0; t < shape_.tiles; ++t) {
    for (std::uint32_t r = 0; r < shape_.rows; ++r) {
      for (std::uint32_t c = 0; c < shape_.columns; ++c) {
        const std::string id = std::to_string(t) + "_" + std::to_string(r) + "_" + std::to_string(c);
        elements_.push_back(std::make_unique<Element>(("element_" + id).c_str(), *this, t, r, c));
      }
    }
  }
  build_gates();
  SC_HAS_PROCESS(LaconicArray);
  SC_METHOD(watch_end);
  for (const auto& element : elements_) sensitive << element->completed;
  dont_initialize();
  SC_METHOD(pass_token);
  sensitive << brick_taken_;
  dont_initialize();
  SC_METHOD(distribute_clock);
  sensitive << clock_.level.posedge_event();
  dont_initialize();
}

void LaconicArray::build_gates() {
  std::vector<Element*> all;
  std::vector<std::vector<Element*>> rows(std::size_t{shape_.tiles} * shape_.rows);
  std::vector<std::vector<Element*>> columns(std::size_t{shape_.tiles} * shape_.columns);
  std::vector<std::vector<Element*>> bricks(shape_.columns);
  for (const auto& element : elements_) {
    all.push_back(element.get());
    rows[element->tile() * shape_.rows + element->row()].push_back(element.get());
    columns[element->tile() * shape_.columns + element->column()].push_back(element.get());
    bricks[element->column()].push_back(element.get());
  }
  const auto build = [](const char* name, std::vector<std::vector<Element*>>& members,
                        std::vector<std::unique_ptr<Gate>>& gates) {
    for (std::size_t i = 0; i < members.size(); ++i) {
      gates.push_back(std::make_unique<Gate>((name + std::to_string(i)).c_str(), std::move(members[i])));
    }
  };
  barrier_ = std::make_unique<Gate>("barrier", std::move(all));
  build("row_queue_", rows, row_gates_);
  build("column_queue_", columns, column_gates_);
  build("brick_", bricks, brick_gates_);
}

LaconicArray::StepAt LaconicArray::step_at(std::uint64_t index) const {
  const std::uint64_t steps = input_->mapping.steps;
  const pricing::Round at = rounds_[index / steps];
  return {at.pass, at.window_set, static_cast<std::uint32_t>(index % steps)};
}

bool LaconicArray::is_present(const Element& element, std::uint64_t index) const {
  const StepAt at = step_at(index);
  const arch::Pass& pass = input_->mapping.passes[at.pass];
  if (element.tile() >= pass.size() || element.row() >= pass[element.tile()].filters) return false;
  return fully_connected_ || element.column() < input_->mapping.window_sets[at.window_set].count;
}

bool LaconicArray::may_start(const Element& element, std::uint64_t index) const {
  if (fully_connected_)
    return next_brick_.read() == index && index < brick_gates_[element.column()]->available.read();
  return index < barrier_->available.read() &&
         index < row_gates_[element.tile() * shape_.rows + element.row()]->available.read() &&
         index < column_gates_[element.tile() * shape_.columns + element.column()]->available.read();
}

bool LaconicArray::begin(const arch::LayerInput& input, const arch::Block& block, hw::Reducer& reducer) {
  input_ = &input;
  block_ = block;
  rounds_ = pricing::Rounds(input, block_);
  reducer_ = &reducer;
  parts_ = input.mapping.composition;
  fully_connected_ = input.lowered.is_fully_connected;
  columns_ = shape_.columns / parts_.columns;
  total_ = block.passes.size() * block.window_sets.size() * input.mapping.steps;
  if (total_ == 0) return false;
  reset_gates();
  next_brick_.write(0);
  return true;
}

void LaconicArray::reset_gates() {
  const std::uint32_t rows = shape_.rows / parts_.rows;
  const bool queue = model_.params().sync == Sync::queue;
  const std::uint32_t q = model_.params().queue_depth;
  const std::uint64_t queue_depth =
      fully_connected_ || !queue || q == QueueArray::kUnlimited ? Gate::kOpen : q;
  std::uint64_t all_first = total_;
  std::vector<std::uint64_t> row_first(row_gates_.size(), total_);
  std::vector<std::uint64_t> column_first(column_gates_.size(), total_);
  std::vector<std::uint64_t> brick_first(brick_gates_.size(), total_);
  in_use_.clear();
  for (const auto& element : elements_) {
    if (element->row() >= rows || element->column() >= columns_) continue;
    in_use_.push_back(element.get());
    const std::uint64_t first = element->reset(parts_);
    const auto least = [first](std::uint64_t& of) { of = std::min(of, first); };
    least(all_first);
    least(row_first[element->tile() * shape_.rows + element->row()]);
    least(column_first[element->tile() * shape_.columns + element->column()]);
    least(brick_first[element->column()]);
  }
  barrier_->reset(all_first, fully_connected_ || queue ? Gate::kOpen : 1, rows, columns_);
  for (std::size_t i = 0; i < row_gates_.size(); ++i)
    row_gates_[i]->reset(row_first[i], queue_depth, rows, columns_);
  for (std::size_t i = 0; i < column_gates_.size(); ++i)
    column_gates_[i]->reset(column_first[i], queue_depth, rows, columns_);
  for (std::size_t i = 0; i < brick_gates_.size(); ++i) {
    brick_gates_[i]->reset(brick_first[i], fully_connected_ ? 1 : Gate::kOpen, rows, columns_);
  }
}

void LaconicArray::distribute_clock() {
  if (total_ == 0) return;
  for (Element* element : in_use_) element->edge.notify();
}

void LaconicArray::pass_token() {
  next_brick_.write(taken_);
}

void LaconicArray::watch_end() {
  if (total_ == 0) return;
  for (const Element* element : in_use_) {
    if (element->completed.read() < total_) return;
  }
  total_ = 0;  // once only
  finish();
}

void LaconicArray::trace_tile(sc_core::sc_trace_file* file, std::uint32_t tile) const {
  sc_core::sc_trace(file, clock_.level, "clock");
  sc_core::sc_trace(file, barrier_->available, "barrier_available_steps");
  for (std::uint32_t r = 0; r < shape_.rows; ++r) {
    const std::size_t row = std::size_t{tile} * shape_.rows + r;
    sc_core::sc_trace(file, row_gates_[row]->available, "row" + std::to_string(r) + "_available_steps");
    for (std::uint32_t c = 0; c < shape_.columns; ++c) {
      sc_core::sc_trace(file, elements_[row * shape_.columns + c]->completed,
                        "element_" + std::to_string(r) + "_" + std::to_string(c) + "_completed_steps");
    }
  }
  for (std::uint32_t c = 0; c < shape_.columns; ++c) {
    sc_core::sc_trace(file, column_gates_[std::size_t{tile} * shape_.columns + c]->available,
                      "column" + std::to_string(c) + "_available_steps");
  }
}

}  // namespace heddle::models::laconic

namespace heddle::models {

std::unique_ptr<hw::BitTrueArray> build_laconic(const arch::Accelerator& accelerator, const char* name) {
  return std::make_unique<laconic::LaconicArray>(name, dynamic_cast<const laconic::Laconic&>(accelerator));
}

}  // namespace heddle::models
