//! What an operator sees, as files in `scenarios/`.

use rate_limit::RateLimit;

simulator::scenarios!(RateLimit);
