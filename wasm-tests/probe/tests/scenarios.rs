//! Each part of the vocabulary, as files in `scenarios/`.

use probe::Probe;

simulator::scenarios!(Probe);
