//! The tables of the log's file as Diesel sees them.

diesel::table! {
    actions (number) {
        number -> BigInt,
        id -> Text,
        bytes -> BigInt,
        last_time -> BigInt,
        context -> Nullable<Text>,
    }
}

diesel::table! {
    places (number) {
        number -> BigInt,
        action -> BigInt,
        target -> Nullable<Text>,
        step -> Nullable<Text>,
        stage -> Nullable<Text>,
        attempt -> Nullable<Integer>,
        address -> Nullable<Text>,
        port -> Nullable<Integer>,
    }
}

diesel::table! {
    entries (number) {
        number -> BigInt,
        time -> BigInt,
        place -> Nullable<BigInt>,
        level -> Text,
        stream -> Text,
        text -> Text,
        outcome -> Nullable<Text>,
        exit_code -> Nullable<Integer>,
        byte_offset -> Nullable<BigInt>,
        line -> Nullable<BigInt>,
        more -> Nullable<Text>,
    }
}

diesel::table! {
    blocks (number) {
        number -> BigInt,
        first_time -> BigInt,
        last_time -> BigInt,
        indexed -> Bool,
    }
}
