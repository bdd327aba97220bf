//! What an operator sees, as files in `scenarios/`.

use template::Template;

simulator::scenarios!(Template);
