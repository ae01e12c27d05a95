//! From a capture's link type to the network layer: one arm for each `LINKTYPE_`.
//!
//! It refuses to know which device made the capture.

mod cooked;
mod ethernet;
mod link_type;
mod llc;
mod netfilter;
mod other;
mod point_to_point;
mod wireless;
