"""Which words of the languages of Asia, Africa and the Middle East mean which command?

Scripts without spaces between words carry their politeness inside the pattern. Vietnamese is compared with
its marks: without them "right" and "stop" are one word.
"""

from domain.keyword_tables.vocabulary import ERASE, EXPORT, HELP, NO, STOP, YES, Vocabulary

WORLD = (
    Vocabulary(
        language="ar",
        fillers="من فضلك|لو سمحت|رجاء|شكرا|الآن|فورا|مرحبا|السلام عليكم|أرجوك",
        words={
            STOP: ("[توقف|توقفوا|قف|إيقاف|أوقف|أوقفوا|إلغاء الاشتراك|الغاء الاشتراك|ستوب|كفى رسائل]",),
            EXPORT: ("بياناتي",),
            HELP: ("مساعدة",),
            YES: ("[نعم|نعم أوافق|أوافق|موافق|موافقة]",),
            NO: ("[لا|لا شكرا|ليس الآن|كلا|لا أوافق|لا أريد]",),
        },
        phrases={
            STOP: (
                "لا [أريد|اريد] [المزيد من|استلام|] [الرسائل|رسائل|رسائلكم|العروض]",
                "[توقف|توقفوا] عن [إرسال|ارسال] [الرسائل|رسائل]",
                "لا [ترسل|ترسلوا|تراسلني|تراسلوني] [لي|] [رسائل|]",
                "[أوقفوا|أوقف|ايقاف|إيقاف] [الرسائل|الإعلانات|الاشعارات]",
            ),
            ERASE: ("[احذف|احذفوا|حذف|امسح|امسحوا] [كل|جميع|] بياناتي",),
        },
    ),
    Vocabulary(
        language="fa",
        fillers="لطفا|ممنون|مرسی|الان|سلام",
        words={
            STOP: ("[توقف|لغو اشتراک|لغو عضویت|متوقف کنید|بس کنید|دیگر نفرستید|استاپ]",),
            YES: ("[بله|بله موافقم|موافقم]",),
            NO: ("[نه|خیر|نه ممنون]",),
        },
        phrases={STOP: ("[دیگر|دیگه|] [پیام|پیغام|تبلیغات] [نفرستید|نفرست|ندهید|نمیخواهم|نمی خواهم]",)},
    ),
    Vocabulary(
        language="he",
        fillers="בבקשה|תודה|עכשיו|מיד|שלום|היי",
        words={
            STOP: (
                "[עצור|עצרו|עצרי|הפסק|הפסיקו|הפסיקי|להפסיק|הסר|הסירו|הסירו אותי|הסר אותי|ביטול מנוי|"
                "תפסיקו|תפסיק|סטופ|להסיר|להסרה]",
            ),
            EXPORT: ("[המידע שלי|הנתונים שלי]",),
            HELP: ("עזרה",),
            YES: ("[כן|כן בבקשה|מסכים|מסכימה|אני מסכים|אני מסכימה]",),
            NO: ("[לא|לא תודה|לא עכשיו|אף פעם]",),
        },
        phrases={
            STOP: (
                "[לא רוצה|אני לא רוצה] [יותר|לקבל|לקבל יותר|] [הודעות|פרסומות|הצעות]",
                "[תפסיקו|תפסיק|הפסיקו] לשלוח [לי|] [הודעות|]",
                "אל [תשלחו|תשלח|תכתבו] לי [יותר|] [הודעות|]",
                "[הסירו|תסירו|הסר] אותי מהרשימה",
            ),
            ERASE: ("[מחק|מחקו|תמחקו] את [המידע|הנתונים] שלי",),
        },
    ),
    Vocabulary(
        language="hi",
        fillers="कृपया|प्लीज|प्लीज़|धन्यवाद|शुक्रिया|अभी|तुरंत|नमस्ते",
        words={
            STOP: (
                "[रोकें|रोको|रोकिए|रुको|रुकें|रुक जाओ|बंद करो|बंद करें|बंद कीजिए|स्टॉप|सदस्यता समाप्त|"
                "सदस्यता रद्द करें|band karo|band karen]",
            ),
            HELP: ("[मदद|सहायता]",),
            YES: ("[हाँ|हां|जी हाँ|जी हां|सहमत हूँ|मैं सहमत हूँ]",),
            NO: ("[नहीं|नही|जी नहीं|नहीं धन्यवाद]",),
        },
        phrases={
            STOP: (
                "[मुझे|] [मैसेज|संदेश|मेसेज|ऑफर] [मत भेजो|मत भेजें|न भेजें|मत भेजिए|भेजना बंद करो|भेजना बंद करें|नहीं चाहिए]",
                "[mujhe|] [message|msg|messages] [mat bhejo|mat bhejna|nahi chahiye|bhejna band karo]",
            ),
            ERASE: ("मेरा डेटा [हटाएं|हटाओ|मिटाएं|हटा दें|डिलीट करें|डिलीट करो]",),
        },
    ),
    Vocabulary(
        language="ur",
        fillers="براہ کرم|پلیز|شکریہ|ابھی|سلام",
        words={
            STOP: ("[بند کریں|بند کرو|روکیں|روکو|رک جاؤ|سٹاپ|اسٹاپ]",),
            YES: ("[ہاں|جی ہاں]",),
            NO: ("[نہیں|جی نہیں]",),
        },
        phrases={STOP: ("[مجھے|] [میسج|پیغام|پیغامات] [نہ بھیجیں|مت بھیجیں|مت بھیجو]",)},
    ),
    Vocabulary(
        language="bn",
        fillers="দয়া করে|প্লিজ|ধন্যবাদ|এখনই",
        words={STOP: ("[বন্ধ করুন|বন্ধ করো|থামুন|থামো|থামান|স্টপ]",), YES: ("[হ্যাঁ|জি হ্যাঁ]",)},
        phrases={STOP: ("[আর|আমাকে|আমাকে আর|] [মেসেজ|বার্তা] [পাঠাবেন না|দেবেন না|পাঠাবে না|চাই না]",)},
    ),
    Vocabulary(
        language="zh",
        fillers="请|請|谢谢|謝謝|你好|您好|现在|立刻|马上|拜托",
        words={
            STOP: (
                "[请|請|请立即|马上|立即|]停止[发送|發送|推送||吧|谢谢|謝謝]",
                "[请|請|我要|我想|帮我|]退[订|訂][谢谢|謝謝|]",
                "[请|請|我要|我想|]取消[订阅|訂閱|关注|追蹤|推送]",
                "[停|停停停|住手|td|TD]",
            ),
            EXPORT: ("我的[数据|資料|数据副本|资料]", "[导出|匯出]我的[数据|資料]"),
            HELP: ("[帮助|幫助|说明|菜单|選單]",),
            YES: ("[是|是的|好的|同意|我同意|可以|当然|當然|愿意|願意]",),
            NO: ("[不|否|不是|不要|不用|不用了|不同意|不需要|不了|不了谢谢]",),
        },
        phrases={
            STOP: (
                "[请|請|]不要[再|][给我|給我|]发[消息|信息|广告|短信|]了[|谢谢]",
                "[请|請|]不要再[发|發|给我发|給我發|给我发送|給我發送][消息|信息|訊息|广告|廣告|]了[|谢谢]",
                "[请|]别[再|][给我|]发[消息|信息|广告|]了",
                "我不想[再|][收到|接收][你们的|你們的|任何|][消息|信息|訊息|广告|廣告|推送|]了",
                "我不想再收到[你们的|你們的|任何|][消息|信息|訊息|广告|廣告|推送]",
                "[请|請|]停止[给我|給我|][发送|發送|发|發][消息|信息|訊息|广告|廣告]",
                "[请|請|]不要再[联系|聯繫|打扰|打擾|骚扰|騷擾]我[了|]",
            ),
            ERASE: ("[请|請|][删除|刪除][我的|我所有的][数据|数据和资料|資料|資料庫|个人信息|個人資料|信息]",),
        },
    ),
    Vocabulary(
        language="ja",
        fillers="お願いします|おねがいします|ありがとう|ありがとうございます|こんにちは|すみません|もう|今すぐ",
        words={
            STOP: (
                "[ストップ|停止|停止して|停止してください|配信停止|配信停止してください|"
                "配信停止希望|配信を停止してください|解除|登録解除|"
                "配信解除|退会|購読解除|やめて|やめてください|やめろ|止めて|止めてください|中止|すとっぷ]",
                "[停止|配信停止|解除|登録解除|配信解除]お願いします",
            ),
            EXPORT: ("[私のデータ|データの開示|個人情報の開示]",),
            HELP: ("[ヘルプ|助けて|メニュー]",),
            YES: ("[はい|はいお願いします|同意します|はい同意します]",),
            NO: ("[いいえ|いや|結構です|いいえ結構です|同意しません|いりません]",),
        },
        phrases={
            STOP: (
                "[もう|]メッセージ[を|は|]送らないで[ください|]",
                "[もう|二度と|]連絡[を|]しないで[ください|]",
                "[もう|]送らないで[ください|]",
                "[もう|]メッセージ[は|を]受け取りたくない[です|]",
                "[メッセージ|配信|通知|広告][を|]止めて[ください|]",
                "[メッセージ|配信|通知|広告][を|]やめて[ください|]",
            ),
            ERASE: ("[私の|]データを[削除して|消して][ください|]", "個人情報を[削除して|消して][ください|]"),
        },
    ),
    Vocabulary(
        language="ko",
        fillers="제발|부탁해요|부탁합니다|감사합니다|고마워요|지금|당장|안녕하세요|좀",
        words={
            STOP: (
                "[중지|정지|그만|그만해|그만하세요|그만해주세요|그만 보내|그만 보내세요|"
                "그만 보내 주세요|수신거부|수신 거부|구독취소|구독 취소|구독해지|"
                "구독 해지|스톱|스탑|중단|중지해 주세요|멈춰|멈춰주세요]",
            ),
            EXPORT: ("[내 데이터|내 정보|제 데이터]",),
            HELP: ("[도움말|도와주세요|메뉴]",),
            YES: ("[네|예|네 동의합니다|동의합니다|네 좋아요|동의해요]",),
            NO: ("[아니요|아니오|아뇨|싫어요|괜찮습니다 아니요|동의하지 않습니다]",),
        },
        phrases={
            STOP: (
                "[더 이상|더이상|이제|] [메시지|메세지|문자|광고|연락] [보내지 마세요|보내지마세요|"
                "보내지 마|보내지마|하지 마세요|하지마세요|그만 보내세요]",
                "[더 이상|더이상] [메시지를|메세지를|광고를|"
                "연락을] [받고 싶지 않아요|받고 싶지 않습니다|원하지 않습니다]",
                "[메시지|메세지|광고] 받기 싫어요",
            ),
            ERASE: ("[내|제] [데이터|정보|데이터를|정보를|개인정보를] 삭제[해 주세요|해주세요|해줘|]",),
        },
    ),
    Vocabulary(
        language="vi",
        exact=True,
        fillers="làm ơn|xin|xin hãy|vui lòng|cảm ơn|cám ơn|ngay|ngay bây giờ|bây giờ|xin chào|chào|đi|ơi",
        words={
            STOP: (
                "[dừng|dừng lại|ngừng|ngưng|ngừng lại|hủy đăng ký|huỷ đăng ký|dừng gửi|ngừng gửi|huy "
                "dang ky|dung gui tin nhan]",
            ),
            HELP: ("[trợ giúp|giúp|giúp đỡ|giúp tôi]",),
            YES: ("[có|vâng|đồng ý|tôi đồng ý|vâng tôi đồng ý|có tôi đồng ý]",),
            NO: ("[không|không cảm ơn|không đồng ý|không muốn]",),
        },
        phrases={
            STOP: (
                "[đừng|đừng có|không] [gửi|nhắn] tin [nhắn|] [cho tôi|] nữa",
                "[dừng|ngừng|ngưng] [gửi|nhắn] tin [nhắn|] [cho tôi|]",
                "tôi không muốn nhận [tin nhắn|thêm tin nhắn|tin nhắn nữa|quảng cáo]",
            ),
            ERASE: ("[xóa|xoá|hãy xóa] dữ liệu của tôi",),
        },
    ),
    Vocabulary(
        language="th",
        fillers="ครับ|ค่ะ|คะ|ขอบคุณ|กรุณา|โปรด|นะ|สวัสดี",
        words={
            STOP: (
                "[กรุณา|โปรด|ขอ|ช่วย|]หยุด[ส่ง|ส่งข้อความ|ส่งเลย|เดี๋ยวนี้|ครับ|ค่ะ|ส่งข้อความครับ|ส่งข้อความค่ะ|]",
                "[สต็อป|สตอป|เลิกส่ง|เลิกส่งข้อความ|ยกเลิกการรับข้อความ|ยกเลิกการสมัคร|ยกเลิกการติดตาม|เลิกติดตาม]",
            ),
            HELP: ("[ช่วยด้วย|ช่วยเหลือ]",),
            YES: ("[ใช่|ใช่ครับ|ใช่ค่ะ|ยินยอม|ตกลงยินยอม]",),
            NO: ("[ไม่|ไม่ครับ|ไม่ค่ะ|ไม่เอา|ไม่ใช่|ไม่ยินยอม|ไม่ต้องการ]",),
        },
        phrases={
            STOP: ("[กรุณา|โปรด|]อย่าส่งข้อความ[มา|มาอีก|ถึงฉัน|]", "[ฉัน|ผม|]ไม่[ต้องการ|อยาก]รับข้อความ[อีก|แล้ว|]"),
            ERASE: ("ลบข้อมูล[ของฉัน|ของผม|ส่วนตัว]",),
        },
    ),
    Vocabulary(
        language="id",
        fillers="tolong|mohon|terima kasih|makasih|sekarang|segera|halo|hai|ya|dong|ok",
        words={
            STOP: (
                "[berhenti|hentikan|setop|berhenti berlangganan|stop pesan|batalkan langganan|henti|"
                "berhenti melanggan]",
            ),
            EXPORT: ("data saya",),
            HELP: ("[bantuan|tolong bantu]",),
            YES: ("[ya saya setuju|saya setuju|setuju|iya|ya setuju|iya saya mau]",),
            NO: ("[tidak|nggak|tidak mau|tidak setuju|jangan]",),
        },
        phrases={
            STOP: (
                "[jangan|berhenti|stop] [kirim|kirimi|mengirim|kirimkan] [saya|aku|] [pesan|iklan|promo] "
                "[lagi|ke saya|ke saya lagi|]",
                "[saya|aku|] [tidak|nggak|tak] [mau|ingin] [menerima|terima|] [pesan|promo|iklan] [lagi|]",
                "jangan [hubungi|ganggu|kontak] saya [lagi|]",
            ),
            ERASE: ("hapus [semua|] data [saya|aku]",),
        },
    ),
    Vocabulary(
        language="tl",
        fillers="paki|salamat|ngayon|po|na",
        words={
            STOP: ("[itigil|itigil mo|itigil ninyo|tigilan mo na|tigilan nyo na|ihinto|huminto|wag na mag message]",),
            YES: ("[oo|opo]",),
            NO: ("[hindi|ayaw ko|ayoko]",),
        },
        phrases={
            STOP: (
                "[huwag|wag] [na|] [kayong|kang|] [mag message|magpadala|mag text] [sa akin|ng mensahe|ng message|]",
            )
        },
    ),
    Vocabulary(
        language="sw",
        fillers="tafadhali|asante|sasa|habari",
        words={
            STOP: ("[acha kutuma|acheni kutuma|simamisha|sitisha|jiondoe|acha kunitumia]",),
            YES: ("[ndiyo|nakubali]",),
            NO: ("[hapana|sitaki]",),
        },
        phrases={STOP: ("[sitaki|usinitumie|msinitumie] [ujumbe|jumbe|meseji] [tena|zaidi|]",)},
    ),
)
