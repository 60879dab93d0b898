//! In which order the targets of a fleet, or of one stage, are taken: by whether they are in service, else as
//! configured.

/// Which ones come first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Order {
    /// Those out of service come last.
    #[default]
    OutLast,
    /// Those out of service come first: their start takes nobody out.
    OutFirst,
}

/// The words for them.
pub(super) const ORDERS: [(&str, Order); 2] = [
    ("out_of_service_last", Order::OutLast),
    ("out_of_service_first", Order::OutFirst),
];

impl Order {
    /// Sorts by it; equal ones keep their places.
    pub fn rank(self, in_service: bool) -> bool {
        match self {
            Self::OutLast => !in_service,
            Self::OutFirst => in_service,
        }
    }
}
