// Vectors as embeddings are: in clusters of very different sizes and densities, in fewer directions than they have
// dimensions, with duplicates. Queries come from the same clusters and are no members. The same seed gives the same.
#ifndef TURDB_TESTS_HNSW_CLUSTERED_H_
#define TURDB_TESTS_HNSW_CLUSTERED_H_

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace turdb::hnsw {

class ClusteredVectors {
 public:
  ClusteredVectors(size_t dimension, uint64_t seed, size_t clusters = 100, size_t directions = 24)
      : dimension_(dimension), directions_(dimension < directions ? dimension : directions), random_(seed) {
    basis_.resize(directions_ * dimension_);
    for (float& x : basis_) x = Normal() / std::sqrt(static_cast<float>(directions_));
    centres_.resize(clusters * directions_);
    for (float& x : centres_) x = Normal() * 2;
    double total = 0;
    for (size_t i = 0; i < clusters; ++i) {
      total += 1 / std::sqrt(static_cast<double>(i + 1));  // skewed sizes
      upto_.push_back(total);
      spread_.push_back(0.3f + 0.9f * Uniform());
    }
  }

  std::vector<float> Next() {
    const double pick = Uniform() * upto_.back();
    size_t cluster = 0;
    while (upto_[cluster] < pick) ++cluster;
    std::vector<float> vector(dimension_);
    for (size_t d = 0; d < directions_; ++d) {
      const float along = centres_[cluster * directions_ + d] + spread_[cluster] * Normal();
      for (size_t i = 0; i < dimension_; ++i) vector[i] += along * basis_[d * dimension_ + i];
    }
    for (float& x : vector) x += 0.05f * Normal();
    return vector;
  }

  // `count` vectors, one in a hundred the same as one before it.
  std::vector<std::vector<float>> Take(size_t count) {
    std::vector<std::vector<float>> vectors;
    for (size_t i = 0; i < count; ++i) {
      if (i > 0 && random_() % 100 == 0) {
        vectors.push_back(vectors[random_() % i]);
      } else {
        vectors.push_back(Next());
      }
    }
    return vectors;
  }

 private:
  // Not std::normal_distribution, which is free to differ from one library to the next.
  float Uniform() { return static_cast<float>(random_() >> 40) * 0x1p-24f; }
  float Normal() {
    float sum = -6;
    for (int i = 0; i < 12; ++i) sum += Uniform();
    return sum;
  }

  const size_t dimension_;
  const size_t directions_;
  std::mt19937_64 random_;
  std::vector<float> basis_;
  std::vector<float> centres_;
  std::vector<double> upto_;
  std::vector<float> spread_;
};

}  // namespace turdb::hnsw

#endif  // TURDB_TESTS_HNSW_CLUSTERED_H_
