//! Packets inside packets: what GRE, `IPsec`, MPLS, batman-adv and the tunnels over UDP carry.
//!
//! Where nothing but a port number or a guess says that something is a tunnel, what
//! is inside must be decodable; otherwise it is not one.

mod batman;
mod compressed;
mod gre;
mod ipsec;
mod mpls;
mod udp;
