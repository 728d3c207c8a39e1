"""What is asked for, the ways in and the channels of notices, as people call them: one place for pages and papers."""

from __future__ import annotations

from collections.abc import Mapping

from domain.directory import Directory
from domain.messages import Text, Via
from domain.process import PostRef, ProcessDefinition


def _t(ja: str, en: str) -> Text:
    return Text(ja=ja, en=en)


COMMANDS: Mapping[str, Text] = {
    # a lifecycle
    "StartLifecycle": _t("ライフサイクルの開始", "Start a lifecycle"),
    "SubmitDeliverable": _t("文書の提出(起案)", "Hand in a document"),
    "AnswerRequest": _t("依頼への回答", "Answer a request"),
    "HandOnRequest": _t("代決の依頼", "Hand a request on to a deputy"),
    "TakeRequestBack": _t("代決の依頼の取戻し", "Take a request back that was handed on"),
    "WithdrawDraft": _t("引戻し", "Take back a draft"),
    "DropLifecycle": _t("廃案", "Drop a lifecycle"),
    "HoldLifecycle": _t("保留", "Hold a lifecycle"),
    "ResumeLifecycle": _t("保留の解除", "Resume a lifecycle"),
    "RecordMeasurement": _t("測定値の記録", "Record a measurement"),
    "CorrectMeasurement": _t("測定値の訂正", "Correct a measurement"),
    "TakeMeasurement": _t("取得した測定値の記録", "Record a fetched value"),
    "RecordBudget": _t("予算額の記録", "Record a budget amount"),
    "OpenReview": _t("取組方針の再検討の開始", "Open the review"),
    "FulfilPromise": _t("約束の履行の記録", "Record that a promise was kept"),
    "DeadlinePassed": _t("期日の到来", "A due date came"),
    "Recuse": _t("回避", "Recuse oneself"),
    "MarkMatter": _t("重要・異例・疑義の印", "Mark the matter"),
    "AdoptLifecycle": _t("進行中の課題の引継ぎ", "Adopt what already runs"),
    "SupplementHistory": _t("以前の記録の補完", "Add to the earlier record"),
    "RetractAnswer": _t("回答の取消し", "Take back an answer"),
    "CorrectAnswer": _t("回答の訂正", "Correct an answer"),
    "ReopenLifecycle": _t("再開の申請", "Ask to reopen"),
    "MergeLifecycle": _t("他の課題への統合", "Merge into another"),
    "NoteMerge": _t("統合の記録", "Note a merge"),
    "AttachFile": _t("ファイルの添付", "Attach a file"),
    "DetachFile": _t("添付の取外し", "Take off a file"),
    "CarryConclusion": _t("会議の結論の反映", "Carry a conclusion"),
    "SettleConsultation": _t("協議の終了", "End a consultation"),
    "AddConcurrence": _t("合議先の追加", "Add a concurrence"),
    "ChangeDue": _t("期限の変更", "Change a due date"),
    "NoteSpreadRefusal": _t("横展開の例外の記録", "Note that a start elsewhere was refused"),
    "SettleSpread": _t("横展開の例外の処理", "Settle a start that was refused"),
    "AskQuestion": _t("質問", "Ask a question"),
    "AnswerQuestion": _t("質問への回答", "Answer a question"),
    "AddComment": _t("意見", "Remark"),
    "ShareForInformation": _t("供覧", "Send for information"),
    "AcknowledgeReading": _t("閲覧の記録", "Note that it was read"),
    "ArrangePull": _t("KPIの自動取得の設定", "Have a KPI's values fetched"),
    "CancelPull": _t("KPIの自動取得の中止", "Fetch a KPI's values no more"),
    "HandOver": _t("事務引継", "Hand over work"),
    "MigrateDefinition": _t("別の版のプロセス定義への移行", "Move to another version of the process"),
    "RecordCommitment": _t("年度を越える負担の記録", "Record a commitment over years"),
    "CarryOverBudget": _t("翌年度への繰越し", "Carry over to the next year"),
    "BeginProcurement": _t("調達の開始", "Begin a procurement"),
    "RecordProcurement": _t("調達の手順の記録", "Record a step of a procurement"),
    "CancelProcurement": _t("調達の中止", "Cancel a procurement"),
    "PublishLifecycle": _t("市民への公開", "Publish for citizens"),
    "UnpublishLifecycle": _t("公開の取りやめ", "Take off the public page"),
    "EnterOutsideDecision": _t("外部の決裁の入力", "Enter a decision made elsewhere"),
    "EnforceDecision": _t("施行日の入力", "Put a decision into effect"),
    "RecordBenefit": _t("便益の記録", "Record a benefit"),
    "WithdrawBenefit": _t("便益の取消し", "Withdraw a benefit"),
    "AimAtWindow": _t("目指す予算の選択", "Choose a budget window"),
    "FinishWindDownTask": _t("廃止の整理の作業の完了", "Finish a task of the wind-down"),
    "WaiveWindDownTask": _t("廃止の整理の作業を該当なしに", "Waive a task of the wind-down"),
    "ReopenWindDownTask": _t("廃止の整理の作業を未了に戻す", "Open a task of the wind-down again"),
    "ReassignWindDownTask": _t("廃止の整理の作業を別の職へ", "Give a task of the wind-down to another post"),
    # the directory, definitions, rules, readers
    "ImportDirectory": _t("名簿の取込み", "Import the directory"),
    "ErasePerson": _t("職員の個人データの消去", "Erase a person's data"),
    "RecordMoves": _t("人事異動の取込み", "Load personnel moves"),
    "CancelMoves": _t("人事異動の取消し", "Take personnel moves back"),
    "RecordAbsence": _t("不在の記録", "Record an absence"),
    "NameDeputies": _t("代決の順位", "Name the order of deputies"),
    "ReorganiseUnit": _t("機構改革の取込み", "Load a reorganisation"),
    "PublishDefinition": _t("プロセス定義の公開", "Publish a process definition"),
    "PublishRules": _t("会議の規程の制定", "Lay down the rules of the bodies"),
    "ChooseNotices": _t("お知らせの受け取り方", "Choose how notices come"),
    # selection rounds
    "CallForProposals": _t("課題の募集", "Call for proposals"),
    "ProposeTask": _t("課題の提案", "Propose a challenge"),
    "CorrectProposal": _t("提案の訂正", "Correct a proposal"),
    "RecordInterview": _t("ヒアリングの記録", "Record an interview"),
    "MergeProposals": _t("提案の統合", "Merge proposals"),
    "WithdrawProposal": _t("提案の取下げ", "Withdraw a proposal"),
    "CloseCall": _t("募集の締切り", "Close the call"),
    "ScoreProposal": _t("採点", "Score a proposal"),
    "ProposeChoice": _t("選定案の作成", "Prepare the choice"),
    "ConcludeSelection": _t("選定の確定", "Conclude the selection"),
    "NoteStartRefusal": _t("開始できなかったことの記録", "Note that a start was refused"),
    "SettleStart": _t("開始できなかったものの処理", "Settle a start that was refused"),
    # sessions
    "ConveneSession": _t("会議の招集", "Convene a session"),
    "PutItem": _t("議題の追加", "Put an item on the agenda"),
    "TakeItemOff": _t("議題の取下げ", "Take an item off"),
    "PutPaper": _t("会議資料の追加", "Add a paper"),
    "RecordBriefing": _t("事前説明の記録", "Record a briefing"),
    "ObtainOpinion": _t("意見聴取の記録", "Record an opinion"),
    "TakeAttendance": _t("出席の確認", "Take attendance"),
    "RecuseFromItem": _t("議題からの回避", "Recuse from an item"),
    "CastVote": _t("投票", "Vote"),
    "ConcludeItem": _t("結論の入力", "Enter a conclusion"),
    "GiveInstruction": _t("企画指示・状況確認", "Give an instruction"),
    "AnswerInstruction": _t("指示への回答", "Answer an instruction"),
    "CloseSession": _t("閉会", "Close a session"),
    "CancelSession": _t("会議の取りやめ", "Cancel a session"),
    "NoteCarryRefusal": _t("結論を反映できなかったことの記録", "Note that a conclusion was refused"),
    "SettleException": _t("例外の処理", "Settle an exception"),
    "WriteMinutes": _t("会議録の作成", "Write minutes"),
    "ConfirmMinutes": _t("会議録の確認", "Confirm minutes"),
    "FinaliseMinutes": _t("会議録の確定", "Make minutes final"),
    "EnterDecision": _t("会議の決裁の入力", "Enter a decision"),
    "RemindOfInstructions": _t("指示の期限の到来", "The due date of an instruction came"),
    "SetRhythm": _t("会議の周期の設定", "Set a rhythm of meetings"),
    "ConveneInRhythm": _t("周期による会議の招集", "Convene in rhythm"),
    "NoteMeetingRefusal": _t("招集できなかったことの記録", "Note that a session could not be convened"),
    # values that are fetched
    "ConfigurePull": _t("自動取得の条件の設定", "Set how values are fetched"),
    "EndPull": _t("自動取得の終了", "End fetching"),
    "StartPull": _t("自動取得の実行", "Fetch a value"),
    "SettlePull": _t("取得した値の処理", "Settle a fetched value"),
    "FailPull": _t("取得の失敗", "A value could not be fetched"),
}
"""Every command of every kind of stream, by its type."""
ATTEMPTS: Mapping[str, Text] = {
    "sign-in": _t("サインイン", "Sign in"),
    "key": _t("API キーの利用", "Use a key of the API"),
}
"""What is refused before it is a command."""
WAYS_IN: Mapping[Via, Text] = {
    Via.SHELL: _t("コマンド", "shell"),
    Via.WEB: _t("ページ", "pages"),
    Via.API: _t("API", "API"),
    Via.TEMPORAL: _t("Temporal", "Temporal"),
    Via.IMPORT: _t("移行", "import"),
    Via.REHEARSAL: _t("予行", "rehearsal"),
    Via.SYSTEM: _t("システム", "the system"),
}
CHANNELS: Mapping[str, Text] = {
    "inbox": _t("受信箱", "inbox"),
    "log": _t("運用ログ", "operating log"),
    "email": _t("メール", "e-mail"),
    "webhook": _t("Webhook", "webhook"),
    "chat": _t("チャット", "chat"),
}
"""Every channel of notices, by its name."""


def of_attempt(what: str) -> Text:
    """What was tried: a command by its type, something before that, or a word of the shell (`./taskforce answer`)."""
    return COMMANDS.get(what) or ATTEMPTS.get(what) or _t(f"コマンド {what}", f"command {what}")


def of_way_in(via: str) -> Text:
    return WAYS_IN[Via(via)]


def of_channel(name: str) -> Text:
    """A channel by its name; one that is configured no more keeps its name."""
    return CHANNELS.get(name) or _t(name, name)


# --- who a process asks ----------------------------------------------------------------------------------------------

ROLES: Mapping[str, Text] = {
    "drafter": _t("担当者", "officer"),
    "section_chief": _t("課長", "section chief"),
    "bureau_director": _t("局長", "bureau director"),
    "deputy_mayor": _t("副市長", "deputy mayor"),
    "mayor": _t("市長", "mayor"),
    "general_affairs": _t("総務担当課長", "general affairs"),
    "digital_manager": _t("デジタル・マネージャー", "digital manager"),
    "secretariat_director": _t("事務局の長", "head of the secretariat"),
    "finance_director": _t("財政課長", "head of finance"),
}
"""Roles of the shipped directory, whichever unit they are in."""
_RELATIVE: Mapping[str, Text] = {
    "owner": _t("所管の{}", "{} in charge of the task"),
    "departments": _t("関係部署の{}", "{} of each department concerned"),
}


def asked_of(ref: PostRef, process: ProcessDefinition, directory: Directory) -> Text:
    """Whom a process asks, in words: of the lifecycle's own section or the departments by the role, of a unit that the process names by
    the title of its post."""
    unit = next((u for name, u in process.units.items() if str(name) == ref.unit), None)
    post = directory.post_for(ref.role, unit) if unit is not None and ref.unit not in _RELATIVE else None
    if post is not None:
        return post.title
    role, words = ROLES.get(ref.role, _t(ref.role, ref.role)), _RELATIVE.get(ref.unit, _t("{}", "{}"))
    return _t(words.ja.format(role.ja), words.en.format(role.en))
