//! The one integration binary: everything that crosses a boundary is tested here, at the boundary.

mod tidy;
