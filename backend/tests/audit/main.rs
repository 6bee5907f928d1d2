//! The audit finds what is wrong, names it, and finds nothing where nothing is
//! (R-MONEY-5). Tests corrupt stored data by the smallest amount.

mod corruptions;
mod on_the_way;
mod scene;
