//! The tables as Diesel sees them: one description for both backends (a test holds the two schemas equal).

diesel::table! {
    configuration (kind, name) {
        kind -> Text,
        name -> Text,
        body -> Text,
        space -> Nullable<Text>,
        environment -> Nullable<Text>,
    }
}

diesel::table! {
    revisions (id) {
        id -> BigInt,
        kind -> Text,
        name -> Text,
        actor -> Text,
        time -> BigInt,
        before -> Nullable<Text>,
        after -> Nullable<Text>,
    }
}

diesel::table! {
    users (name) {
        name -> Text,
        password_hash -> Nullable<Text>,
        server_admin -> Bool,
        group_names -> Text,
        disabled -> Bool,
        created_at -> BigInt,
    }
}

diesel::table! {
    sessions (token_hash) {
        token_hash -> Text,
        user_name -> Text,
        csrf_token -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    login_codes (code_hash) {
        code_hash -> Text,
        user_name -> Text,
        expires_at -> BigInt,
    }
}

diesel::table! {
    tokens (name) {
        name -> Text,
        token_hash -> Text,
        space -> Text,
        role -> Text,
        created_by -> Text,
        created_at -> BigInt,
        expires_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    actions (id) {
        id -> Text,
        space -> Text,
        project -> Text,
        environment -> Text,
        action -> Text,
        version -> Nullable<Text>,
        actor -> Text,
        actor_name -> Text,
        on_behalf -> Nullable<Text>,
        reason -> Nullable<Text>,
        created_at -> BigInt,
        due_at -> BigInt,
        started_at -> Nullable<BigInt>,
        ended_at -> Nullable<BigInt>,
        status -> Text,
        waiting_for -> Nullable<Text>,
        plan_hash -> Text,
        retry_of -> Nullable<Text>,
        queued_behind -> Nullable<Text>,
        correlation_id -> Nullable<Text>,
        traceparent -> Nullable<Text>,
        claimed_by -> Nullable<Text>,
        claimed_until -> Nullable<BigInt>,
        log_owed_from -> Nullable<BigInt>,
        secrets_mark -> Nullable<Text>,
    }
}

diesel::table! {
    plans (action) {
        action -> Text,
        plan -> Text,
        config -> Text,
    }
}

diesel::table! {
    action_targets (action, target) {
        action -> Text,
        target -> Text,
        lease_key -> Text,
    }
}

diesel::table! {
    events (action, seq) {
        action -> Text,
        seq -> BigInt,
        time -> BigInt,
        event -> Text,
    }
}

diesel::table! {
    steers (id) {
        id -> BigInt,
        action -> Text,
        steer -> Text,
        actor -> Text,
        reason -> Text,
        time -> BigInt,
        event_seq -> Nullable<BigInt>,
    }
}

diesel::table! {
    idempotency_keys (actor, path, key) {
        actor -> Text,
        path -> Text,
        key -> Text,
        body_hash -> Text,
        action -> Text,
        created_at -> BigInt,
    }
}

diesel::table! {
    leases (lease_key) {
        lease_key -> Text,
        action -> Text,
        target -> Text,
        taken_at -> BigInt,
        expires_at -> BigInt,
    }
}

diesel::table! {
    inventory (space, project, target) {
        space -> Text,
        project -> Text,
        target -> Text,
        version -> Text,
        since -> BigInt,
        action -> Text,
        previous_version -> Nullable<Text>,
        good_versions -> Text,
        settled -> Bool,
    }
}

diesel::table! {
    notices (id) {
        id -> BigInt,
        action -> Text,
        receiver -> Text,
        notice -> Text,
        created_at -> BigInt,
        due_at -> BigInt,
        attempts -> BigInt,
        last_error -> Nullable<Text>,
        given_up_at -> Nullable<BigInt>,
        taken_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    quarantine (id) {
        id -> BigInt,
        space -> Text,
        project -> Text,
        environment -> Text,
        version -> Text,
        since -> BigInt,
        action -> Text,
        actor -> Text,
        why -> Text,
        lifted_at -> Nullable<BigInt>,
        lifted_by -> Nullable<Text>,
        lifted_reason -> Nullable<Text>,
    }
}

diesel::joinable!(plans -> actions (action));
diesel::joinable!(action_targets -> actions (action));
diesel::joinable!(leases -> actions (action));
diesel::joinable!(sessions -> users (user_name));
diesel::allow_tables_to_appear_in_same_query!(actions, plans, action_targets, leases);
diesel::allow_tables_to_appear_in_same_query!(sessions, users);
