//! The tables of the log's file as Diesel sees them.

diesel::table! {
    actions (number) {
        number -> BigInt,
        id -> Text,
        bytes -> BigInt,
        last_time -> BigInt,
    }
}

diesel::table! {
    entries (number) {
        number -> BigInt,
        action -> BigInt,
        time -> BigInt,
        level -> Text,
        target -> Nullable<Text>,
        step -> Nullable<Text>,
        stage -> Nullable<Text>,
        stream -> Text,
        text -> Text,
        outcome -> Nullable<Text>,
        exit_code -> Nullable<Integer>,
        byte_offset -> Nullable<BigInt>,
    }
}
